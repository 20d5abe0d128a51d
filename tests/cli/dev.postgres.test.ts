/** `npm start` and the other commands with an owner's DATABASE_URL of a database that is in use already. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder, rows, runCli, serve } from './start-process.ts'

const ADMIN = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const SCHEMA = fileURLToPath(new URL('../../examples/crm/schema.yaml', import.meta.url))

const name = `bs_test_${randomBytes(6).toString('hex')}`
const folder = makeFolder()
const BACKSAAS_DATA = join(folder.path, 'data')
const admin = postgres(ADMIN, { max: 1 })
const url = new URL(ADMIN)
url.pathname = `/${name}`
const DATABASE_URL = url.href
const owner = postgres(DATABASE_URL, { max: 1 })

beforeAll(async () => {
  await admin.unsafe(`create database ${name}`)
  await owner.unsafe(`create table kept (id int primary key, word text); insert into kept values (1, 'before')`)
})

afterAll(async () => {
  const logins = await owner.unsafe<{ name: string }[]>('select name from backsaas.logins').catch(() => [])
  await owner.end()
  await admin.unsafe(`drop database ${name} with (force)`)
  for (const login of logins) await admin.unsafe(`drop role if exists "${login.name}"`)
  await admin.end()
  folder.remove()
})

test('two starts in a row serve, and leave what was there as it was', async () => {
  const before = await others()
  for (const _ of [1, 2]) {
    const served = await serve({ BACKSAAS_DATA, DATABASE_URL })
    expect(await rows(served.dev.tenants.acme, 'products?select=code&order=code')).toEqual([
      { code: 'BRK-200' },
      { code: 'CHN-11' },
      { code: 'TYR-28' },
    ])
    expect(await served.stop()).toMatchObject({ code: 0, stderr: '' })
  }
  expect(await others()).toEqual(before)
})

test('a schema, a tenant and a key come from the command line too', async () => {
  const run = (...args: string[]) => runCli([...args, '--json'], { DATABASE_URL })
  const migrated = await run('migrate', SCHEMA)
  expect(JSON.parse(migrated.stdout)).toMatchObject({ schema: 'crm', version: 1, created: false })
  const tenant = await run('tenant', 'create', 'initech', '--schema', 'crm')
  expect(JSON.parse(tenant.stdout)).toMatchObject({ slug: 'initech' })
  const key = await run('key', 'create', 'initech', '--name', 'test')
  expect(JSON.parse(key.stdout).key).toMatch(/^bsk_/)

  const twice = await run('tenant', 'create', 'initech', '--schema', 'crm')
  expect({ code: twice.code, error: JSON.parse(twice.stderr).error.code }).toEqual({ code: 1, error: 'TENANT_EXISTS' })
  const unknown = await run('key', 'create', 'nobody')
  expect(unknown.code).toBe(1)
  expect(JSON.parse(unknown.stderr).error.message).toContain('nobody')

  const served = await serve({ BACKSAAS_DATA, DATABASE_URL })
  const access = { restUrl: `${served.dev.url}/t/initech/rest/v1`, apiKey: JSON.parse(key.stdout).key }
  expect(await rows(access, 'companies')).toEqual([])
  await served.stop()

  const { prefix } = JSON.parse(key.stdout)
  expect(JSON.parse((await run('key', 'revoke', 'initech', prefix)).stdout)).toMatchObject({ revoked: true })
  const again = await serve({ BACKSAAS_DATA, DATABASE_URL })
  expect(await rows({ ...access, restUrl: `${again.dev.url}/t/initech/rest/v1` }, 'companies')).toBe(401)
  await again.stop()
})

test('a start after a change of the schema was undone, or cannot be followed, serves what tenants have', async () => {
  const example = join(folder.path, 'example')
  mkdirSync(example)
  writeFileSync(join(example, 'seed.json'), '{"acme":{},"globex":{}}')
  const schema = readFileSync(SCHEMA, 'utf8')
  const start = (content: string) => {
    writeFileSync(join(example, 'schema.yaml'), content)
    return serve({ BACKSAAS_DATA, DATABASE_URL }, 'cli', ['--example', example])
  }
  const field = '      name: { type: string, required: true, min: 1, max: 100 }\n'
  const unruled = '      quantity: { type: integer, required: true, min: 1 }\n'
  const contents = [
    [schema.replace(field, `${field}      motto: { type: string }\n`), /^$/],
    [schema, /^backsaas: crm in the file is version 1; version 2 is served\n$/],
    [
      schema.replace(unruled, ''),
      /^backsaas: .* version 2 is served, without these changes\n(?:.*\n)*REMOVE_FIELD .*order_lines/,
    ],
  ] as const
  for (const [content, said] of contents) {
    const served = await start(content)
    expect(await rows(served.dev.tenants.acme, 'companies?select=name,motto&limit=1')).toMatchObject([{ motto: null }])
    expect(await served.stop()).toMatchObject({ code: 0, stderr: expect.stringMatching(said) })
  }
})

/** What is in the database besides BackSaaS: tables of the schema `public`, and their rows. */
async function others(): Promise<unknown> {
  const tables = await owner.unsafe(`select tablename, tableowner from pg_tables where schemaname = 'public'`)
  const acl = await owner.unsafe(`select nspacl::text from pg_namespace where nspname = 'public'`)
  return { tables: [...tables], acl: [...acl], kept: [...(await owner.unsafe('select * from kept'))] }
}
