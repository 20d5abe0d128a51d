/** From a request to its caller, if there is room for it. */
import type { Call } from '../http/call.ts'
import { admit } from './arrive.ts'
import { type Identified, type IdentifyOptions, identify } from './identify.ts'

/**
 * Identifies, and has plugins admit the request; what the process asks of itself is admitted already.
 *
 * @throws as `identify`; what a plugin's stage throws.
 */
export async function letIn(call: Call, pathTenant: string | null, options: IdentifyOptions): Promise<Identified> {
  const identified = await identify(call, pathTenant, options)
  const asked = options.plugins.admit.length > 0 && !options.callers.has(call.request)
  if (asked) await admit(call, identified, 1, options)
  return identified
}
