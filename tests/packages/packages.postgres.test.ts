/** A stranger installs the packages, writes the code of the documentation, and runs it on Node and in workerd. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker } from '../edge/start-worker.ts'
import type { Served } from '../fixture/start-fixture.ts'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'
import { imagesSuite } from './images-suite.ts'
import { installPackages, type PackedPackage, packPackages, root } from './install-packages.ts'
import { serveOnNode } from './serve-stranger.ts'
import { STRANGER_FILES } from './stranger-files.ts'

const OTHERS = [
  'hono',
  'pg',
  'postgres',
  '@electric-sql/pglite',
  '@upstash/redis',
  'ioredis',
  '@hono/node-server',
  '@supabase/postgrest-js',
  '@types/node',
]
const ASK = { headers: { 'x-user': 'ada' } }

const folder: string = mkdtempSync(join(tmpdir(), 'backsaas-stranger-'))
const home: string = join(folder, 'app')
let packages: readonly PackedPackage[]
let database: TestDatabase

beforeAll(async () => {
  packages = packPackages(join(folder, 'tarballs'))
  installPackages(packages, OTHERS, home)
  for (const [name, content] of Object.entries(STRANGER_FILES)) writeFileSync(join(home, name), content)
  copyFileSync(join(root, 'examples/crm/schema.yaml'), join(home, 'crm.yaml'))
  run(process.execPath, 'compile.mjs')
  database = await createTestDatabase()
}, 300_000)

afterAll(async () => {
  await database?.drop()
  rmSync(folder, { recursive: true, force: true })
})

describe('a package', () => {
  test('is as publint wants it', async () => {
    for (const { folder: pkgDir } of packages) {
      const { messages } = await publint({ pkgDir, strict: true, pack: 'npm' })
      expect(messages, pkgDir).toEqual([])
    }
  })

  test('names no workspace, and holds no test', () => {
    for (const { name } of packages) {
      const installed = join(home, 'node_modules', name)
      expect(readFileSync(join(installed, 'package.json'), 'utf8')).not.toContain('workspace:')
      const files = readdirSync(installed, { recursive: true }).map(String)
      expect(files.filter((file) => /\.test\.|\btest\//.test(file) && !file.includes('node_modules'))).toEqual([])
      expect(files.some((file) => file.endsWith('.d.ts'))).toBe(true)
    }
  })
})

test('the code has no type error, with the declarations of every entry checked', () => {
  expect(run('tsc', '-p', 'tsconfig.json')).toBe('')
})

test('the command line works', () => {
  expect(run(process.execPath, 'node_modules/.bin/backsaas', 'validate', 'crm.yaml')).toContain('crm is valid')
})

describe('the code of the documentation', () => {
  test('runs on Node, from an empty database', async () => {
    await check(await serveOnNode(home, './server.ts', { DATABASE_URL: database.url }), 0)
  })

  test('with its schema compiled runs on Node', async () => {
    await check(await serveOnNode(home, './app.ts', { DATABASE_URL: await runtimeUrl() }), 1)
  })

  test('and the same file in workerd', async () => {
    const config = JSON.parse(STRANGER_FILES['wrangler.json'] ?? '{}')
    const file = join(home, 'wrangler.json')
    writeFileSync(file, JSON.stringify({ ...config, vars: { DATABASE_URL: await runtimeUrl() } }))
    await check(await startWorker({ url: database.url }, { config: file, conditions: 'workerd,worker,browser' }), 2)
  })
})

imagesSuite(
  () => join(folder, 'tarballs'),
  () => database.url,
)

/** @param before how many contacts there are already. */
async function check(served: Served, before: number): Promise<void> {
  try {
    expect((await served.fetch('/api/rest/v1/contacts')).status).toBe(401)
    const created = await served.fetch('/api/rest/v1/contacts', {
      method: 'POST',
      headers: { ...ASK.headers, 'content-type': 'application/json', prefer: 'return=representation' },
      body: JSON.stringify({ email: `ada${before}@acme.example`, first_name: 'Ada' }),
    })
    expect([created.status, await created.json()]).toMatchObject([201, [{ first_name: 'Ada', created_by: 'ada' }]])
    const list = await served.fetch('/api/rest/v1/contacts?select=id&order=id', ASK)
    expect(list.status).toBe(200)
    const rows: { id: string }[] = JSON.parse(await list.text())
    expect(rows).toHaveLength(before + 1)
    const report = await served.fetch('/report', ASK)
    const { data }: { data: { id: string }[] } = JSON.parse(await report.text())
    expect(data.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort())
  } finally {
    await served.close()
  }
}

async function runtimeUrl(): Promise<string> {
  const [login] = await database.query(`select name, password from backsaas.logins where kind = 'runtime'`)
  const url = new URL(database.url)
  url.username = String(login?.name)
  url.password = String(login?.password)
  return url.href
}

/** Its output; fails the test with it where the command fails. */
function run(command: string, ...args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd: home, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? `${error.stdout}` : ''
    throw new Error(`${command} ${args.join(' ')} has failed: ${output || String(error)}`)
  }
}
