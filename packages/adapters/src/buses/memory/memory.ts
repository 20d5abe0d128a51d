/** The bus within one process, beside the other adapters; it stands in the core, because a runtime has it by default. */
export { type MemoryBusOptions, memory } from '@backsaas/core/memory-bus'
