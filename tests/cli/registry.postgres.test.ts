/** Publishing from a terminal: the command in process, against a server and against its database. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@backsaas/cli'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listener, listen } from '../../packages/cli/src/dev/listen.ts'
import { type Registry, SOON, schemaOf, startRegistry } from '../registry/start-registry.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

type Variables = Readonly<Record<string, string>>

const folder = mkdtempSync(join(tmpdir(), 'backsaas-registry-'))
let registry: Registry
let listener: Listener
let acme: Variables
let database: Variables

beforeAll(async () => {
  registry = await startRegistry({ database: 'postgres' })
  listener = await listen(0, '127.0.0.1')
  listener.serve((request) => registry.fixture.runtime.fetch(request))
  const { key, restPath } = registry.acme.tenant
  acme = { BACKSAAS_URL: `${listener.url}${restPath}`, BACKSAAS_KEY: key }
  database = { DATABASE_URL: registry.fixture.url ?? '' }
})
afterAll(async () => {
  await listener?.close()
  await registry?.close()
  rmSync(folder, { recursive: true, force: true })
})

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** The command with variables of its own, in this process. */
async function runCli(args: readonly string[], env: Variables = {}, stopped: Promise<void> = never()): Promise<Ended> {
  const before = { ...process.env }
  for (const name of ['DATABASE_URL', 'BACKSAAS_URL', 'BACKSAAS_KEY']) delete process.env[name]
  Object.assign(process.env, env)
  try {
    const lines = { out: '', err: '' }
    const code = await run(args, {
      env,
      isTty: false,
      out: (line) => {
        lines.out += `${line}\n`
        told = lines.out
      },
      err: (line) => {
        lines.err += `${line}\n`
      },
      untilStopped: () => stopped,
    })
    return { code, stdout: lines.out, stderr: lines.err }
  } finally {
    for (const name of Object.keys(env)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

/** What the command that runs has said so far. */
let told = ''

function never(): Promise<void> {
  return new Promise(() => {})
}

const json = ({ stdout, stderr }: Ended): unknown => JSON.parse(stdout || stderr)

test('a schema is published, and then its next version', async () => {
  const first = await runCli(['publish', file('one.yaml', schemaOf('notes'))], acme)
  expect(first).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^notes version 1 is live \([0-9a-f]{64}\)\n$/),
  })
  const again = await runCli(['publish', join(folder, 'one.yaml')], acme)
  expect(again.stdout).toContain('was live already')
  const two = file('two.yaml', schemaOf('notes', 'body: { type: text }'))
  const second = await runCli(['publish', two, '--base', '1', '--json'], acme)
  expect(json(second)).toMatchObject({ schema: 'notes', version: 2, changes: [{ type: 'ADD_FIELD' }] })
  const stale = await runCli(['publish', file('x.yaml', schemaOf('notes', 'x: { type: text }')), '--base', '1'], acme)
  expect(stale).toMatchObject({ code: 1, stderr: expect.stringContaining('version 2 is there now') })
})

test('mistakes are told with their places', async () => {
  const wrong = file('wrong.yaml', schemaOf('notes', 'a: { type: strin }'))
  const plain = await runCli(['publish', wrong], acme)
  expect(plain).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('7:18 UNKNOWN_VALUE') })
  const published = json(await runCli(['publish', wrong, '--json'], acme))
  const validated = json(await runCli(['validate', wrong, '--json']))
  const place = { errors: [{ pointer: '/entities/notes/fields/a/type', line: 7, column: 18, code: 'UNKNOWN_VALUE' }] }
  expect([published, validated]).toMatchObject([{ error: place }, { error: place }])
})

test('schemas are listed', async () => {
  expect((await runCli(['schemas'], acme)).stdout).toBe('notes  version 2\n')
  expect(json(await runCli(['schemas', '--json'], acme))).toEqual([{ name: 'notes', version: 2, shared: false }])
})

test('versions are compared, with each other and with files', async () => {
  const two = await runCli(['diff', 'notes@1', 'notes@2'], acme)
  expect(two.stdout).toBe(
    '1 change: applied at once\n  compatible   ADD_FIELD  the field body is new  (/entities/notes/fields/body)\n',
  )
  const back = await runCli(['diff', 'notes@2', join(folder, 'one.yaml'), '--json'], acme)
  expect(json(back)).toMatchObject({ from: 'notes@2', compatible: false, changes: [{ class: expect.any(String) }] })
  const files = [join(folder, 'one.yaml'), join(folder, 'one.yaml')]
  expect((await runCli(['diff', ...files])).stdout).toBe('no change\n')
  expect(await runCli(['diff', 'notes@1', 'notes@9'], acme)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('notes@9'),
  })
})

test('a schema is installed under another name', async () => {
  const installed = await runCli(['install', 'notes', '--as', 'my_notes'], acme)
  expect(installed.stdout).toBe('notes version 2 is installed as my_notes\n')
  const unknown = await runCli(['install', 'nothing', '--json'], acme)
  expect([unknown.code, json(unknown)]).toMatchObject([1, { error: { code: 'SCHEMA_UNKNOWN' } }])
})

test('events are shown, and followed until it is stopped', async () => {
  const shown = await runCli(['events', '--type', 'schema.created', '--json'], acme)
  expect(json(shown)).toMatchObject({
    type: 'schema.created',
    data: { version: 1, spec: { name: 'notes' } },
    position: expect.any(Number),
  })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  const following = runCli(['events', '--follow'], acme, stopped)
  await expect.poll(() => told, SOON).toContain('schema.created')
  await registry.acme.rpc('publish_schema', { source: schemaOf('later') })
  await expect.poll(() => told, SOON).toMatch(/schema\.created .*"later"/)
  stop()
  expect(await following).toMatchObject({ code: 0, stderr: '' })
})

test('events of a type are followed from a position on, over connections that break', async () => {
  const breaking = new AbortController()
  listener.serve(async (request) => {
    const response = await registry.fixture.runtime.fetch(request)
    if (!request.url.includes('/events?') || breaking.signal.aborted) return response
    const { readable, writable } = new TransformStream()
    response.body?.pipeTo(writable, { signal: breaking.signal }).catch(() => undefined)
    return new Response(readable, response)
  })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  const args = ['events', '--follow', '--json', '--type', 'schema.updated.compatible', '--after', '1']
  const following = runCli(args, acme, stopped)
  const seen = (): readonly unknown[] => told.split('\n').flatMap((one) => (one ? [JSON.parse(one).data] : []))
  await expect.poll(seen, SOON).toMatchObject([{ new_version: 2 }])
  breaking.abort()
  await registry.acme.rpc('publish_schema', { source: schemaOf('later', 'more: { type: text }') })
  // Each once, however often it is connected.
  await expect.poll(seen, SOON).toMatchObject([{ new_version: 2 }, { new_version: 2, changes: [{ field: 'more' }] }])
  stop()
  expect(await following).toMatchObject({ code: 0, stderr: '' })
})

test('who may not follow is told why, and no second time', async () => {
  const refused = await runCli(['events', '--follow'], {
    ...acme,
    BACKSAAS_KEY: `${acme.BACKSAAS_KEY?.slice(0, -3)}xyz`,
  })
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('key')])
})

test('what others share is listed, installed and taken away again', async () => {
  const { globex } = registry
  await globex.rpc('publish_schema', { source: schemaOf('tools') })
  await globex.send('PATCH', '/schemas?name=eq.tools', { shared: true })
  const listed = async (): Promise<string> => (await runCli(['schemas', '--installable'], acme)).stdout
  expect(await listed()).toContain('globex/tools  version 1\n')
  expect((await runCli(['install', 'globex/tools', '--as', 'their_tools'], acme)).code).toBe(0)
  expect(await listed()).toContain('globex/tools  version 1  installed as their_tools\n')
  const gone = await runCli(['uninstall', 'their_tools'], acme)
  expect(gone.stdout).toBe('their_tools is installed no more; requests without a profile get notes\n')
  expect(await listed()).toContain('globex/tools  version 1\n')
  const unknown = await runCli(['uninstall', 'their_tools', '--json'], acme)
  expect([unknown.code, json(unknown)]).toMatchObject([1, { error: { code: 'PROFILE_UNKNOWN' } }])
  const nobody = await runCli(['uninstall', 'notes'], database)
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('--tenant') })
})

test('a database is asked itself', async () => {
  const schemas = await runCli(['schemas'], database)
  expect(schemas.stdout).toMatch(
    /^acme\/later {2}version 2\nacme\/notes {2}version 2\nsystem\/platform {2}version 1 {2}shared$/m,
  )
  expect((await runCli(['diff', 'acme/notes@1', 'acme/notes@2'], database)).stdout).toContain('ADD_FIELD')
  const installed = await runCli(['install', 'notes', '--tenant', 'acme', '--as', 'again', '--json'], database)
  expect(json(installed)).toMatchObject({ created: true, profile: 'again', version: 2 })
  const taken = await runCli(['uninstall', 'again', '--tenant', 'acme', '--json'], database)
  expect(json(taken)).toMatchObject({ profile: 'again', version: 2, default_profile: 'notes' })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  const following = runCli(['events', '--type', 'install.deleted', '--json', '--follow'], database, stopped)
  await expect.poll(() => told, SOON).toContain('"profile":"again"')
  stop()
  expect((await following).code).toBe(0)
  // What is said on the line comes before what a variable says.
  const both = await runCli(['schemas', '--json', '--database', String(database.DATABASE_URL)], acme)
  expect(both.stdout).toContain('platform')
})

test('what is missing is said', async () => {
  const none = await runCli(['publish', join(folder, 'one.yaml')])
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('--url (or BACKSAAS_URL)') })
  const keyless = await runCli(['schemas', '--json'], { BACKSAAS_URL: acme.BACKSAAS_URL ?? '' })
  expect(json(keyless)).toMatchObject({ error: { code: 'ACCESS_MISSING' } })
  const wrong = await runCli(['schemas'], { ...acme, BACKSAAS_KEY: 'bsk_no' })
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('not valid') })
})

test('a plan as SQL alone: of what is new, of what is published at once, and of a migration', async () => {
  const sqlOf = async (source: string): Promise<string> => {
    const ended = await runCli(['plan', file('sql.yaml', source), '--owner', 'acme', '--sql'], database)
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    return ended.stdout
  }
  expect(await sqlOf(schemaOf('sql'))).toMatch(
    /^begin;\nset local lock_timeout = '50ms';\ncreate table [\s\S]+commit;\n$/,
  )
  await runCli(['publish', file('sql.yaml', schemaOf('sql'))], acme)
  expect(await sqlOf(schemaOf('sql'))).toBe('-- sql: no table changes\n')
  expect(await sqlOf(schemaOf('sql', 'more: { type: string }'))).toMatch(
    /^begin;[\s\S]*\nalter table [^;]+ add column "more"/,
  )
  const unique = schemaOf('sql').replace('{ type: string }', '{ type: string, unique: true }')
  const migration = await sqlOf(unique)
  expect(migration).toMatch(/^-- sql: version 1 to 2\. To be read[^\n]+\n\n-- backfill\/1: /)
  expect(migration).toMatch(/\nset lock_timeout = 0;\ncreate unique index concurrently [^;]+;\nreset lock_timeout;\n/)
  // What is worked out on the way is no SQL.
  const split = schemaOf('sql').replace('    fields:', '    removed: [title]\n    fields:').replace('title:', 'body:')
  expect(await sqlOf(split.replace('string }', 'string, convert: { up: "title" } }'))).toMatch(
    /\n-- update [^\n]+ in the range/,
  )
})

test('an install is pinned, listed, and let go, through an API and in the database', async () => {
  await runCli(['publish', file('pinned.yaml', schemaOf('pinned'))], acme)
  const pinned = await runCli(['pin', 'acme', 'pinned', '--until', '30d', '--reason', 'an audit', '--json'], acme)
  expect(json(pinned)).toMatchObject({ tenant: 'acme', profile: 'pinned', version: 1, reason: 'an audit' })
  const next = await runCli(['publish', file('pinned.yaml', schemaOf('pinned', 'more: { type: string }'))], acme)
  expect(next.stdout).toContain('pinned, and staying where they are: acme (pinned at version 1 until ')
  const planned = await runCli(
    [
      'plan',
      file('pinned.yaml', schemaOf('pinned', 'most: { type: string }', 'more: { type: string }')),
      '--owner',
      'acme',
    ],
    database,
  )
  expect(planned.stdout).toContain('acme (pinned at version 1 until ')
  const again = ['pin', 'acme', 'pinned', '--version', '2', '--until', '2w', '--reason', 'another']
  expect((await runCli(again, database)).stdout).toMatch(/^pinned of acme stays at version 2; reminders from 2\S+Z\n$/)
  const listed = await runCli(['pins', 'pinned', '--json'], database)
  expect(json(listed)).toMatchObject([
    { tenant: 'acme', profile: 'pinned', version: 2, reason: 'another', overdue: false, by: { kind: 'operator' } },
  ])
  expect((await runCli(['pins'], database)).stdout).toMatch(/acme {2}pinned {2}version 2 {2}until 2\S+Z {2}another\n/)
  expect((await runCli(['pins', 'other'], database)).stdout).toBe('nobody is pinned\n')
  const elsewhere = await runCli(['unpin', 'globex', 'pinned', '--json'], acme)
  expect([elsewhere.code, json(elsewhere)]).toMatchObject([1, { error: { code: '42501' } }])
  expect((await runCli(['unpin', 'acme', 'pinned', '--stay'], acme)).stdout).toBe(
    'pinned of acme: still at version 2\n',
  )
  expect((await runCli(['unpin', 'acme', 'pinned'], database)).stdout).toBe(
    'pinned of acme: was not pinned; still at version 2\n',
  )
})

test.each<[string, readonly string[], number, string]>([
  ['no deadline', ['pin', 'acme', 'notes', '--reason', 'x'], 2, 'USAGE'],
  ['no reason', ['pin', 'acme', 'notes', '--until', '1d'], 2, 'USAGE'],
  ['a blank reason', ['pin', 'acme', 'notes', '--until', '1d', '--reason', ' '], 1, 'PIN_REASON_INVALID'],
  ['no time', ['pin', 'acme', 'notes', '--until', 'soon', '--reason', 'x'], 1, 'PIN_UNTIL_INVALID'],
  ['no version', ['pin', 'acme', 'notes', '--until', '1d', '--reason', 'x', '--version', 'one'], 2, 'USAGE'],
  ['nobody', ['pin', 'nobody', 'notes', '--until', '1d', '--reason', 'x'], 1, 'TENANT_UNKNOWN'],
  ['nothing', ['unpin', 'acme', 'nothing'], 1, 'PROFILE_UNKNOWN'],
])('pinning with %s is refused', async (_, args, code, named) => {
  const ended = await runCli([...args, '--json'], database)
  expect([ended.code, json(ended)]).toMatchObject([code, { error: { code: named } }])
})
