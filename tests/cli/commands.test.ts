/** The command line without a server: what it says, and how it ends. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder, runCli } from './start-process.ts'

const folder = makeFolder()
afterAll(() => folder.remove())

test('every command has help with examples', async () => {
  for (const command of [
    ['dev'],
    ['validate'],
    ['migrate'],
    ['tenant', 'create'],
    ['key', 'create'],
    ['key', 'revoke'],
    ['serve'],
    ['migrator'],
    ['publish'],
    ['schemas'],
    ['diff'],
    ['install'],
    ['events'],
  ]) {
    const { code, stdout } = await runCli([...command, '--help'])
    expect(code, stdout).toBe(0)
    expect(stdout).toContain(`Usage: backsaas ${command.join(' ')}`)
    expect(stdout).toContain('Examples:')
  }
})

test('a call that is wrong ends with 2 and says why', async () => {
  expect(await runCli(['tennant'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("unknown command 'tennant'"),
  })
  expect(await runCli(['validate'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("missing required argument 'file'"),
  })
  expect(await runCli(['migrate', 'x.yaml'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--database') })
  expect(await runCli(['dev'], { PORT: 'http' })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^backsaas: .*not a port.*\n$/),
  })
})

test('a call that is wrong is one JSON object where JSON is asked for', async () => {
  const calls = [
    [['tennant', '--json'], { message: "unknown command 'tennant'", hint: 'Did you mean tenant?' }],
    [['validate', '--json'], { message: "missing required argument 'file'" }],
    [['validate', 'x.yaml', '--jsn', '--json'], { message: "unknown option '--jsn'", hint: 'Did you mean --json?' }],
    [['key', '--json'], {}],
  ] as const
  for (const [args, error] of calls) {
    const { code, stdout, stderr } = await runCli(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'USAGE', ...error })
  }
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../packages/cli/package.json', import.meta.url), 'utf8'))
  expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('a valid schema is summed up', async () => {
  const file = write('good.yaml', 'schema: shop\nentities:\n  items:\n    fields:\n      name: { type: string }\n')
  expect(await runCli(['validate', file])).toMatchObject({
    code: 0,
    stdout: 'shop is valid: 1 entity (items)\n',
    stderr: '',
  })
  const { stdout } = await runCli(['validate', file, '--json'])
  expect(JSON.parse(stdout)).toEqual({
    schema: 'shop',
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    entities: ['items'],
  })
})

test('every problem of a schema is shown with its place', async () => {
  const file = write(
    'bad.yaml',
    'schema: shop\nentities:\n  items:\n    fields:\n      name: { type: strnig }\n      tenant_id: { type: uuid }\n',
  )
  const { code, stdout, stderr } = await runCli(['validate', file])
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^5:\d+ {2}[A-Z_]+ {2}.*\/entities\/items\/fields\/name/m)
  expect(stderr).toMatch(/^6:\d+ {2}[A-Z_]+ {2}.*\/entities\/items\/fields\/tenant_id/m)
  const inJson = JSON.parse((await runCli(['validate', file, '--json'])).stderr)
  expect(inJson.error.code).toBe('SCHEMA_INVALID')
  expect(inJson.error.errors).toHaveLength(2)
})

test('a command that has nothing left to do ends without process.exit(), which may wait for ever', async () => {
  const exit = 'process.exit = (code) => { process.stderr.write("exit was called"); process.reallyExit(code) }'
  expect(await runCli(['--version'], before(exit))).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^\d/),
    stderr: '',
  })
  expect(await runCli(['validate'], before(exit))).toMatchObject({
    code: 2,
    stderr: expect.not.stringContaining('exit'),
  })
})

test('what a command has left behind does not keep it from ending, with its own code', async () => {
  expect(await runCli(['--version'], before('setInterval(() => {}, 1000)'))).toMatchObject({ code: 0 })
  expect(await runCli(['validate'], before('setInterval(() => {}, 1000)'))).toMatchObject({ code: 2 })
})

test('a file that is not there is one line', async () => {
  const { code, stderr } = await runCli(['validate', '/nowhere/crm.yaml'])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'backsaas: cannot read /nowhere/crm.yaml: there is no such file\n',
  })
})

test('a database that is not there is one line, without the password', async () => {
  for (const database of ['postgres://me:secret@127.0.0.1:1/app', 'mysql://localhost/app', 'nonsense']) {
    const { code, stderr } = await runCli(['tenant', 'create', 'acme', '--database', database])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^backsaas: .*database.*\n$/)
    expect(stderr).not.toContain('secret')
  }
})

/** Surroundings in which every Node process runs `code` first. */
function before(code: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

function write(name: string, text: string): string {
  const path = join(folder.path, name)
  writeFileSync(path, text)
  return path
}
