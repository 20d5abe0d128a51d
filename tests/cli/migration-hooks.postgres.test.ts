/** Hooks of migrations through the command: by hand, to the end, and by the migrator process. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import { createKey, createTenant } from '@backsaas/migrator'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'
import { SOON } from '../registry/start-registry.ts'
import { makeFolder, runCli, startCli } from './start-process.ts'

const FIELDS = '    fields: { n: { type: integer, unique: true }, '
const BEFORE = `schema: crm\nentities:\n  people:\n${FIELDS}name: { type: string } }\n`
const SPLIT =
  'first: { type: string, convert: { hook: split_name } }, last: { type: string, convert: { hook: split_name } }'
const AFTER = `schema: crm\nentities:\n  people:\n    removed: [name]\n${FIELDS}${SPLIT} }\n`
const HOOKS = `export const splitName = {
  name: 'split_name',
  up({ name }) { const [first, ...rest] = String(name).split(' '); return { first, last: rest.join(' ') } },
  down: ({ first, last }) => ({ name: first + ' ' + last }),
}
`

const folder = makeFolder()
const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })
let server: TestDatabase
let database: Database
let runtime: Runtime
let acme: Caller
const place = (name: string): string => join(folder.path, name)
const cli = (...args: readonly string[]) => runCli(args, { DATABASE_URL: server.url })

beforeAll(async () => {
  for (const [name, text] of Object.entries({
    'before.yaml': BEFORE,
    'after.yaml': AFTER,
    'hooks.mjs': HOOKS,
    'other.mjs': 'export const other = 3\n',
    'none.mjs': '',
  })) {
    writeFileSync(place(name), text)
  }
  server = await createTestDatabase()
  expect(await cli('migrate', place('before.yaml'))).toMatchObject({ code: 0 })
  database = pg(server.url, { max: 4 })
  runtime = createRuntime({ database })
  const { id } = await createTenant(database, { slug: 'acme', schemas: ['crm'] })
  const { key } = await createKey(database, { tenant: 'acme', name: 'tests' })
  const send = async (path: string, init?: RequestInit): Promise<Response> =>
    runtime.fetch(new Request(`http://localhost${path}`, init))
  acme = createCaller({ slug: 'acme', id, key, send })
  expect((await acme.post('/people', { n: 1, name: 'Ann Lee' })).status).toBe(201)
})
afterAll(async () => {
  await runtime?.close()
  folder.remove()
  await server?.drop()
})

const see = async (n: number, select: string, version: number): Promise<unknown> =>
  (await acme.get(`/people?n=eq.${n}&select=${select}`, at(version))).rows[0]

test.each([
  ['other.mjs', 'other'],
  ['none.mjs', 'exports no hook'],
  ['nowhere.mjs', 'cannot be loaded'],
])('a module that is none of hooks is refused: %s', async (name, told) => {
  const ended = await cli('migrate', place('after.yaml'), '--migration-hooks', place(name))
  expect(ended.code).not.toBe(0)
  expect(ended.stderr).toContain(told)
})

test('without the hook nothing is begun; with it both versions serve, and the migrator passes on what they write', async () => {
  const refused = await cli('migrate', place('after.yaml'))
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('split_name')
  expect(refused.stderr).toContain('--migration-hooks')
  expect(JSON.parse((await cli('status', '--json')).stdout)).toEqual([])
  expect(await cli('migrate', place('after.yaml'), '--migration-hooks', place('hooks.mjs'))).toMatchObject({ code: 0 })
  await expect.poll(() => see(1, 'first,last', 2), SOON).toEqual({ first: 'Ann', last: 'Lee' })
  const args = ['migrator', '--health-port', '0', '--host', '127.0.0.1', '--log', 'text']
  const migrator = startCli([...args, '--migration-hooks', place('hooks.mjs')], { DATABASE_URL: server.url })
  await vi.waitUntil(() => migrator.stdout().includes('/healthz'), { timeout: 100_000 })
  expect((await acme.patch('/people?n=eq.1', { name: 'Bo Ray' }, at(1))).status).toBe(204)
  await expect.poll(() => see(1, 'first,last', 2), SOON).toEqual({ first: 'Bo', last: 'Ray' })
  expect(await migrator.stop()).toMatchObject({ code: 0 })
})

test('the way back asks for it where newer clients have written something', async () => {
  expect((await acme.patch('/people?n=eq.1', { last: 'Low' }, at(2))).status).toBe(204)
  const refused = await cli('rollback', 'crm')
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('split_name')])
  expect(await see(1, 'first,last', 2)).toEqual({ first: 'Bo', last: 'Low' })
  expect(await cli('rollback', 'crm', '--migration-hooks', place('hooks.mjs'))).toMatchObject({ code: 0 })
  expect(await see(1, 'name', 1)).toEqual({ name: 'Bo Low' })
  expect(await cli('migrate', place('after.yaml'), '--migration-hooks', place('hooks.mjs'))).toMatchObject({ code: 0 })
  expect(await see(1, 'first,last', 3)).toEqual({ first: 'Bo', last: 'Low' })
})

test('the end asks for it too, before older versions are retired', async () => {
  expect((await acme.patch('/people?n=eq.1', { name: 'Cy Roe' }, at(1))).status).toBe(204)
  const [{ token }] = JSON.parse((await cli('status', '--json')).stdout)
  const end = ['migrate', '--resume', 'crm', '--contract', '--now', '--confirm', token]
  const refused = await cli(...end)
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('split_name')])
  expect((await acme.get('/people?select=name', at(1))).status).toBe(200)
  expect(await cli(...end, '--migration-hooks', place('hooks.mjs'))).toMatchObject({ code: 0 })
  expect(await see(1, 'first,last', 3)).toEqual({ first: 'Cy', last: 'Roe' })
})
