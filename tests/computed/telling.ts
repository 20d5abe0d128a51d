/** Record events: they tell the stored fields as the row has them, and no virtual ones. */
import type { Mapping } from '@backsaas/core'
import { PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { expect, test } from 'vitest'
import type { Lend } from '../fixture/lend.ts'
import { person } from './writing.ts'

export function telling(lend: Lend): void {
  test('an event of each verb has the stored fields of its row', async () => {
    const caller = await lend().newTenant()
    await caller.add('people', [person('Tell', { amount: 6, parts: 2 })])
    await caller.patch('/people?first=eq.Tell', { email: 'T@other.example', parts: 3 })
    await caller.send('DELETE', '/people?domain=eq.other.example')
    expect(await recordsOf(lend, caller.id)).toEqual([
      ['record.created', { domain: 'tell.example', share: 3, slug: 'me@tell.example' }],
      ['record.updated', { domain: 'other.example', share: 2, slug: 't@other.example' }],
      ['record.deleted', { domain: 'other.example', share: 2, slug: 't@other.example' }],
    ])
  })

  test('a write that a check refuses tells nothing', async () => {
    const caller = await lend().newTenant()
    expect((await caller.post('/people', person('Quiet', { amount: 13 }))).status).toBe(400)
    expect(await recordsOf(lend, caller.id)).toEqual([])
  })
}

/** The type, and of the record what is computed, of every record event of a tenant. */
async function recordsOf(lend: Lend, tenantId: string): Promise<readonly unknown[]> {
  const [[text] = []] = await lend().ownerQuery(
    `select mapping from backsaas.versions where placement_id = '${PLATFORM_PLACEMENT_ID}' order by version desc limit 1`,
  )
  const { schema, entities } = JSON.parse(text ?? '') as Mapping
  const events = entities.events
  const column = (field: string): string => `"${events?.columns[field]}"`
  const rows = await lend().ownerQuery(
    `select ${column('type')}, (${column('data')}->'record')::text from "${schema}"."${events?.table}"
     where tenant_id = '${tenantId}' and ${column('type')} like 'record.%' order by ${column('time')}`,
  )
  return rows.map(([type, record]) => {
    const { domain, share, slug, ...rest } = JSON.parse(record ?? '') as Record<string, unknown>
    expect(Object.keys(rest)).not.toEqual(expect.arrayContaining(['full']))
    return [type, { domain, share, slug }]
  })
}
