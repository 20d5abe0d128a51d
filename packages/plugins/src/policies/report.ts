/** How the parts of compiling tell what is wrong with a policy. */
import type { PolicyFault } from '@backsaas/core'

/** @param part the field of the row, and behind it which of a list: `fields/2`. */
export type Report = (part: string, fault: Omit<PolicyFault, 'place'>) => void
