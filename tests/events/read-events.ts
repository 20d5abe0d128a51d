/** The outbox as it stands, without a relay: as the envelopes that it will be sent as. */
import { type Mapping, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import type { Fixture } from '../fixture/start-fixture.ts'

export interface StoredEvent {
  readonly type: string
  readonly subject: string
  // biome-ignore lint/suspicious/noExplicitAny: what it holds depends on the type, which tests look into
  readonly data: any
}

/** By time; of one tenant where one is named. */
export async function readEvents(fixture: Fixture, tenantId?: string): Promise<readonly StoredEvent[]> {
  const [[text] = []] = await fixture.ownerQuery(
    `select mapping from backsaas.versions where placement_id = '${PLATFORM_PLACEMENT_ID}' order by version desc limit 1`,
  )
  const { schema, entities } = JSON.parse(text ?? '') as Mapping
  const c = (field: string): string => `"${entities.events?.columns[field]}"`
  const rows = await fixture.ownerQuery(
    `select json_build_object('specversion', '1.0', 'id', ${c('id')}, 'source', ${c('source')}, 'type', ${c('type')},
        'subject', ${c('subject')}, 'time', ${c('time')}, 'datacontenttype', 'application/json', 'data', ${c('data')},
        'tenantid', tenant_id)::text
     from "${schema}"."${entities.events?.table}" ${tenantId ? `where tenant_id = '${tenantId}'` : ''} order by ${c('time')}`,
  )
  return rows.map(([event]) => JSON.parse(event ?? ''))
}
