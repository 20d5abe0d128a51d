/** Requests of a registry: its functions, waited for to their end, and its rows. */
import { setTimeout as delay } from 'node:timers/promises'
import { BackSaasError, errorOf, type Json, type JsonObject, problemOf } from '@backsaas/core'
import { type RestClient, refusedByServer } from '../transfer/rest-client.ts'
import { asObject } from './as-object.ts'

const POLL_MS = 500

/**
 * Calls a function of the registry; a job that takes longer than a request may is waited for.
 *
 * @returns what it comes to.
 * @throws the server's refusal, in its words.
 */
export async function callRegistry(client: RestClient, name: string, given: JsonObject): Promise<JsonObject> {
  const answer = await client.send({
    method: 'POST',
    path: `/rpc/${name}`,
    headers: { 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify(given),
  })
  if (answer.status >= 400) throw refusedByServer(answer, name)
  const body = asObject(JSON.parse(answer.text) as Json)
  return answer.status === 202 ? awaitJob(client, String(body.job)) : body
}

async function awaitJob(client: RestClient, id: string): Promise<JsonObject> {
  for (;;) {
    await delay(POLL_MS)
    const [job] = await readRegistry(client, `/jobs?id=eq.${id}&select=status,result,problem`)
    if (job?.status === 'succeeded') return asObject(job.result)
    if (job?.status === 'failed') throw errorOf({ ...problemOf(UNKNOWN), ...asObject(job.problem) })
  }
}

const UNKNOWN = new BackSaasError('JOB_FAILED', 500, 'the job failed and does not say why')

/** Rows of the registry. @throws the server's refusal. */
export async function readRegistry(client: RestClient, path: string): Promise<readonly JsonObject[]> {
  const answer = await client.send({ method: 'GET', path })
  if (answer.status >= 400) throw refusedByServer(answer, path.split('?', 1)[0] ?? path)
  const rows = JSON.parse(answer.text) as Json
  return Array.isArray(rows) ? rows.map(asObject) : []
}
