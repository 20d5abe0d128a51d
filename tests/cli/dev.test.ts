/** `npm start` on the built-in database: first start, second start, and the ways it may not start. */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder, rows, runDev, type Served, serve } from './start-process.ts'

const SECOND_START_MS = 10_000

const folder = makeFolder()
const data = join(folder.path, 'data')
const BACKSAAS_DATA = data
let first: Served['dev']

afterAll(() => folder.remove())

test('a first start serves two tenants that do not see each other', async () => {
  const served = await serve({ BACKSAAS_DATA })
  first = served.dev
  const { acme, globex } = first.tenants
  expect(first).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    tenants: {
      acme: { restUrl: `${first.url}/t/acme/rest/v1`, apiKey: expect.stringMatching(/^bsk_/) },
      globex: { restUrl: `${first.url}/t/globex/rest/v1`, apiKey: expect.stringMatching(/^bsk_/) },
    },
    system: { restUrl: `${first.url}/t/system/rest/v1`, apiKey: expect.stringMatching(/^bsk_/) },
  })
  expect(statSync(join(data, 'dev.json')).mode & 0o777).toBe(0o600)

  expect(await rows(acme, 'companies?select=name&order=name&limit=1')).toEqual([{ name: 'Harbour Couriers' }])
  expect(await rows(globex, 'companies?select=name&order=name')).toEqual([
    { name: 'Ridge Line Wind' },
    { name: 'Sundown Solar' },
  ])
  expect(await rows(acme, 'order_lines?select=quantity,order(contact(company(name)))&product_code=eq.BRK-200')).toEqual(
    [{ quantity: 200, order: { contact: { company: { name: 'Northwind Bicycles' } } } }],
  )
  expect(await rows({ ...globex, apiKey: acme.apiKey }, 'companies')).toBe(400)
  const slugs = await rows(first.system, 'tenants?select=slug&order=slug')
  expect(slugs).toEqual(expect.arrayContaining([{ slug: 'acme' }, { slug: 'globex' }]))

  expect(await rows(first.system, 'stores?select=namespace')).toBe(400)

  const published = await fetch(`${acme.restUrl}/rpc/publish_schema`, {
    method: 'POST',
    headers: { apikey: acme.apiKey, 'content-type': 'application/yaml', 'content-profile': 'platform' },
    body: 'schema: own\nentities: { things: { fields: { name: { type: string } } } }\n',
  })
  expect([published.status, await published.json()]).toMatchObject([201, { schema: 'own', version: 1 }])

  const said = served.stdout()
  for (const text of [first.url, acme.apiKey, globex.apiKey, first.system.apiKey]) expect(said).toContain(text)
  expect(said.match(/^ {2}curl /gm)).toHaveLength(3)
  expect(await served.stop()).toMatchObject({ code: 0, stderr: '' })
})

test('a second start, by npm start, is quick and finds keys and rows as they were', async () => {
  const served = await serve({ BACKSAAS_DATA, REDIS_URL: 'redis://127.0.0.1:1' }, 'npm start')
  expect(served.startMs).toBeLessThan(SECOND_START_MS)
  expect(keys(served.dev)).toEqual(keys(first))
  expect(await rows(served.dev.tenants.acme, 'companies?select=name')).toHaveLength(3)

  const other = await runDev({ BACKSAAS_DATA })
  expect(other).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^backsaas: the data folder .* is in use by process \d+ .*\n$/),
  })
  const { code, stderr } = await served.stop('SIGINT')
  expect([code, stderr]).toEqual([0, ''])
  // A Redis that is away keeps nobody from working, and is told.
  expect(served.stdout()).toContain('"BUS_UNREACHABLE"')
})

test('a start that was interrupted while it inserted rows is made good', async () => {
  writeFileSync(join(data, 'seeding-globex'), '')
  const served = await serve({ BACKSAAS_DATA })
  expect(await rows(served.dev.tenants.globex, 'companies?select=name')).toHaveLength(2)
  expect(readdirSync(data).filter((name) => name.startsWith('seeding'))).toEqual([])
  // Killed without warning: the folder is free for the next start, and dev.json still there.
  expect((await served.stop('SIGKILL')).code).toBeNull()
  const again = await serve({ BACKSAAS_DATA })
  expect(keys(again.dev)).toEqual(keys(first))
  expect((await again.stop()).code).toBe(0)
})

test('a busy port is one line, and no data is touched', async () => {
  const busy = createServer()
  const port = await new Promise<number>((resolve) => {
    busy.listen(0, () => resolve(Number(Object(busy.address()).port)))
  })
  const untouched = join(folder.path, 'untouched')
  const ended = await runDev({ PORT: String(port), BACKSAAS_DATA: untouched })
  busy.close()
  expect(ended).toEqual({ code: 1, stdout: '', stderr: `backsaas: port ${port} is in use (set PORT to another one)\n` })
  expect(existsSync(untouched)).toBe(false)
})

test('a folder that cannot be written to is one line', async () => {
  const file = join(folder.path, 'a-file')
  writeFileSync(file, '')
  const ended = await runDev({ BACKSAAS_DATA: join(file, 'data') })
  expect(ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^backsaas: cannot write to the folder .*\n$/),
  })
})

test('a wrong URL is one line', async () => {
  for (const DATABASE_URL of ['http://127.0.0.1', 'postgres://127.0.0.1', 'postgres://me:secret@127.0.0.1:1/app']) {
    const ended = await runDev({ BACKSAAS_DATA: join(folder.path, 'other'), DATABASE_URL })
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^backsaas: .*database.*\n$/) })
    expect(ended.stderr).not.toContain('secret')
  }
})

function keys({ tenants, system }: Served['dev']): string[] {
  return [tenants.acme.apiKey, tenants.globex.apiKey, system.apiKey]
}
