/** Events of a tenant through its API, as the envelopes that they are on a bus. */
import type { Event, JsonObject } from '@backsaas/core'
import type { RestClient } from '../transfer/rest-client.ts'
import { readRegistry } from './call-registry.ts'

/** Oldest first, those that have a position. */
export async function readEvents(
  client: RestClient,
  tenantId: string,
  after: number,
  max: number,
): Promise<readonly Event[]> {
  const query = `position=gt.${after}&order=position&limit=${max}&select=id,type,source,subject,time,data,position`
  return (await readRegistry(client, `/events?${query}`)).map((row) => toEvent(row, tenantId))
}

/** The fields that the query selects. */
function toEvent(row: JsonObject, tenantId: string): Event {
  const { id, type, source, subject, time, data = null, position } = row
  return {
    specversion: '1.0',
    id: String(id),
    source: String(source),
    type: String(type),
    ...(typeof subject === 'string' ? { subject } : {}),
    time: String(time),
    datacontenttype: 'application/json',
    data,
    tenantid: tenantId,
    position: Number(position),
  }
}
