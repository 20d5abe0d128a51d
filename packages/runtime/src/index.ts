/** The public surface of `@backsaas/runtime`. */
export { createRuntime } from './create-runtime.ts'
export { RUNTIME_ERRORS, type RuntimeErrorCode } from './errors/error-catalogue.ts'
export { DEFAULT_LIMITS, type Limits } from './http/limits.ts'
export { jsonLog } from './observation/json-log.ts'
export type { Runtime, RuntimeOptions } from './runtime-options.ts'
export type { IdentifyFunction } from './stages/identify-function.ts'
