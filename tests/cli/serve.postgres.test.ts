/** `backsaas serve` as a process: it waits for its database, serves, and ends when asked to. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pg } from '@backsaas/adapters/databases/pg'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'
import { type Launched, launch, makeFolder, runCli } from './start-process.ts'

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const SCHEMA = join(MAIN, '../../../../examples/crm/schema.yaml')
const folder = makeFolder()
let server: TestDatabase

beforeAll(async () => {
  server = await createTestDatabase()
})
afterAll(async () => {
  folder.remove()
  await server.drop()
})

function serve(variables: Readonly<Record<string, string>>): Launched {
  return launch(['--conditions=@backsaas/source', MAIN, 'serve'], { PORT: '0', HOST: '127.0.0.1', ...variables })
}

async function urlOf({ output }: Launched): Promise<string> {
  await expect.poll(() => output.stdout, { timeout: 60_000 }).toMatch(/serves at http/)
  return /serves at (\S+),/.exec(output.stdout)?.[1] ?? ''
}

test('it waits for the database to be set up, serves, hears over NOTIFY, and ends with 0', async () => {
  const early = serve({ DATABASE_URL: server.url })
  await expect.poll(() => early.output.stdout, { timeout: 60_000 }).toContain('NOT_BOOTSTRAPPED')
  const database = pg(server.url)
  const { schema } = await migrate(database, SCHEMA, { functions: functions().functions })
  await createTenant(database, { slug: 'acme', schemas: [schema] })
  const { key } = await createKey(database, { tenant: 'acme', name: 'tests' })
  const url = await urlOf(early)
  expect(early.output.stdout).toContain('events over notify')
  const response = await fetch(`${url}/t/acme/rest/v1/contacts`, { headers: { apikey: key } })
  expect([response.status, await response.json()]).toEqual([200, []])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  early.child.kill('SIGTERM')
  expect((await early.ended).code).toBe(0)
  await database.close?.()
})

test('it serves as the login that it is given, and refuses one that may do too much', async () => {
  const [login] = await server.query(`select name, password from backsaas.logins where kind = 'runtime'`)
  const url = new URL(server.url)
  const tooPowerful = await serve({ DATABASE_URL: url.href, BACKSAAS_SERVE_AS: 'given' }).ended
  expect([tooPowerful.code, tooPowerful.stderr]).toEqual([1, expect.stringMatching(/^backsaas: /)])
  url.username = String(login?.name)
  url.password = String(login?.password)
  const own = serve({ DATABASE_URL: url.href, BACKSAAS_SERVE_AS: 'given' })
  expect((await fetch(`${await urlOf(own)}/healthz`)).status).toBe(200)
  own.child.kill('SIGTERM')
  expect((await own.ended).code).toBe(0)
})

test('asked to stop while it waits it ends; what is wrong for good is told at once', async () => {
  const waiting = serve({ DATABASE_URL: 'postgres://u:hidden@127.0.0.1:1/none' })
  await expect.poll(() => waiting.output.stdout, { timeout: 60_000 }).toContain('DATABASE_UNREACHABLE')
  waiting.child.kill('SIGTERM')
  const { code, stdout, stderr } = await waiting.ended
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).not.toContain('hidden')
  const wrong = await runCli(['serve'], { DATABASE_URL: 'postgres://u@h/d', REDIS_URL: 'http://hidden', PORT: '0' })
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('the Redis URL is none')])
  expect((await runCli(['serve'])).code).toBe(2)
})
