/** One caller's requests to the product, and what their answers mean for who may do what. */
import type { Identity } from '@backsaas/core'
import type { Access, Verdict } from './result.ts'
import type { Answered, Asked, World } from './world.ts'

export interface Attempt extends Verdict {
  readonly answered: Answered
}

/** Refused because of who asks: no rule, no such row or field as far as the caller may know. */
const DENIALS: ReadonlySet<string> = new Set(['PGRST116', 'PGRST204', '42703', 'FIELD_NOT_WRITABLE'])

/** Everything that a test writes is undone. */
const UNDONE = 'tx=rollback, return=minimal, missing=default'

/** @example await attempt(world, sales, { method: 'PATCH', path: 'contacts/018f…', body: { status: 'lead' } }) */
export async function attempt(world: World, caller: Identity, asked: Asked): Promise<Attempt> {
  const answered = await world.ask(caller, { ...asked, ...(asked.method === 'GET' ? {} : { prefer: UNDONE }) })
  const { status, code, message } = answered
  return {
    access: accessOf(asked, answered),
    request: `${asked.method} ${asked.path} → ${status}${code === null ? '' : ` ${code}`}`,
    detail: message,
    answered,
  }
}

function accessOf({ method }: Asked, { status, code }: Answered): Access {
  if (status < 300) return 'allow'
  if (status === 401 || status === 403 || DENIALS.has(code ?? '')) return 'deny'
  // The rules have let the row go before the references to it were looked at.
  return method === 'DELETE' && code === '23503' ? 'allow' : 'unclear'
}

/** One verdict of one for each field: all of them, none of them, or some. */
export function together(verdicts: readonly (Verdict & { readonly field: string })[], verb: string): Verdict {
  const [first] = verdicts
  const unclear = verdicts.find(({ access }) => access === 'unclear')
  if (unclear || !first) return unclear ?? { access: 'unclear', request: '', detail: 'no field is asked for' }
  const able = verdicts.filter(({ access }) => access === 'allow')
  if (able.length === verdicts.length) return first
  const unable = verdicts.filter(({ access }) => access === 'deny').map(({ field }) => field)
  const access = able.length === 0 ? 'deny' : 'partly'
  const some = able.length === 0 ? '' : `${able.map(({ field }) => field).join(', ')} can be ${verb}, `
  return { ...first, access, detail: `${some}${unable.join(', ')} cannot` }
}
