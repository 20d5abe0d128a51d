/** `backsaas dev` with REDIS_URL: its events go over a stream there, where others can read them. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, expect, test } from 'vitest'
import { makeFolder, rows, serve } from './start-process.ts'

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
const BACKSAAS_STREAM = `backsaas:test:${randomUUID()}`
const folder = makeFolder()
const redis = new Redis(REDIS_URL)

afterAll(async () => {
  await redis.del(BACKSAAS_STREAM)
  redis.disconnect()
  folder.remove()
})

test('what happens is in the stream, and the process says where it goes', async () => {
  const served = await serve({ BACKSAAS_DATA: join(folder.path, 'data'), REDIS_URL, BACKSAAS_STREAM })
  const { acme } = served.dev.tenants
  expect(await rows(acme, 'contacts?select=id&limit=1')).toHaveLength(1)
  await expect
    .poll(async () => (await redis.xrange(BACKSAAS_STREAM, '-', '+')).map(([, fields]) => typeOf(fields)))
    .toEqual(expect.arrayContaining(['schema.created', 'tenant.created', 'record.created']))
  await expect.poll(() => served.stdout()).toContain('events over Redis')
  expect(await served.stop()).toMatchObject({ code: 0, stderr: '' })
})

function typeOf(fields: readonly string[]): unknown {
  return JSON.parse(fields[fields.indexOf('event') + 1] ?? '{}').type
}
