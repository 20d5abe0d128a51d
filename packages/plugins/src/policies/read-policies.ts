/** The policies that a tenant has, read through the data API as the one who changes them. */
import { BackSaasError, type Identity, type OperationContext, type PolicyRow } from '@backsaas/core'
import { PLATFORM, POLICIES } from './platform-names.ts'

const FIELDS = 'id,schema,role,entity,action,effect,where,check,fields,except'

/** What the client answers to a read, as far as it is looked at. */
interface Answer {
  readonly data: readonly PolicyRow[] | null
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null
  readonly status: number
}

/**
 * All of them, page by page.
 *
 * @throws what the data API answers, as where the caller may not read them.
 */
export async function readPolicies(context: OperationContext): Promise<readonly PolicyRow[]> {
  const { tenant, id, kind, roles, email } = context.principal
  const caller: Identity = { tenant, id, kind, roles, ...(email !== undefined && { email }) }
  const client = context.for(caller).schema(PLATFORM)
  const rows: PolicyRow[] = []
  for (;;) {
    const page = client.from(POLICIES).select(FIELDS).order('id')
    const last = rows.at(-1)
    const { data, error, status }: Answer = await (last ? page.gt('id', last.id) : page)
    if (error) throw new BackSaasError(error.code, status, error.message, { hint: error.hint, cause: error })
    if (!data || data.length === 0) return rows
    rows.push(...data)
  }
}
