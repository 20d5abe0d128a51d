/** `backsaas test` as a process: what it proves, how it tells, and how it ends. */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { type Ended, makeFolder, runCli } from './start-process.ts'

const SHOP = readFileSync(new URL('../../packages/cli/test/shop.yaml', import.meta.url), 'utf8')
const BOB = '018f0000-0000-7000-8000-000000000002'

const folder = makeFolder()
afterAll(() => folder.remove())
const at = (name: string): string => join(folder.path, name)
const variables = { XDG_CACHE_HOME: at('cache') }
mkdirSync(at('cache'))

function write(name: string, text: string): string {
  writeFileSync(at(name), text)
  return at(name)
}

const run = (...args: readonly string[]): Promise<Ended> => runCli(['test', ...args], variables)

const MATRIX = `schema: shop
tests:
  - name: items
    fixtures:
      items:
        draft: { shop_id: ${BOB}, title: draft }
        sold: { shop_id: ${BOB}, title: sold, state: sold }
    principals: { clerk: { role: clerk }, adm: { role: admin }, nobody: {} }
    matrix:
      items:
        read: [clerk, adm]
        create: [clerk, adm]
        update: { draft: [clerk, adm], sold: [adm] }
        delete: [adm]
`

describe('the command', () => {
  test('all hold: 0, a line for each test', async () => {
    const { code, stdout, stderr } = await run(write('items.test.yaml', MATRIX), '--schema', write('shop.yaml', SHOP))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/items\.test\.yaml\n {2}✓ items \(21\)\n\nall hold: 21 expectations in 1 test/)
  })

  test('one that fails: 1, a grid, the place, the request and the rule', async () => {
    const tests = MATRIX.replace('delete: [adm]', 'delete: [adm, clerk]')
    const { code, stdout, stderr } = await run(write('items.test.yaml', tests), '--schema', write('shop.yaml', SHOP))
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'backsaas: 2 expectations failed\n' })
    expect(stdout).toMatch(/clerk +draft +allow +· +allow +deny, not allow/)
    expect(stdout).toContain(`at ${at('items.test.yaml')}:14:17 (/tests/0/matrix/items/delete)`)
    expect(stdout).toMatch(/DELETE items\/1 → 403 42501/)
    expect(stdout).toContain('because no rule lets "clerk" delete items')
  })

  test('JUnit goes to a file, and people read along', async () => {
    const file = at('report.xml')
    const { code, stdout } = await run(
      at('items.test.yaml'),
      '--schema',
      at('shop.yaml'),
      '--reporter',
      'junit',
      '--output',
      file,
    )
    expect(code).toBe(1)
    expect(stdout).toContain('2 failed')
    const xml = readFileSync(file, 'utf8')
    expect(xml).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="backsaas test" tests="21" failures="2" errors="0"/,
    )
    expect(xml.match(/<failure /g)).toHaveLength(2)
  })

  test('every problem of every file is told at once, and nothing is run', async () => {
    const schema = write('shop.yaml', SHOP)
    const one = write('one.test.yaml', 'tests: [{ as: { role: clrk }, can: { reed: items } }]')
    const two = write('two.test.yaml', 'tests: [{ as: { role: clerk }, can: { read: itms } }]')
    const { code, stdout, stderr } = await run(one, two, '--schema', schema)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`${one}:1:`)
    expect(stderr).toMatch(/UNKNOWN_KEY .*reed/)
    expect(stderr).toContain(`${two}:1:45  UNKNOWN_ENTITY`)
    expect(stderr).toContain('did you mean `items`?')
    const inJson = JSON.parse((await run(one, two, '--schema', schema, '--json')).stderr)
    expect(inJson.error.errors.length).toBeGreaterThanOrEqual(2)
  })

  test.each([
    [['nothing.test.yaml'], 'it is not known which schema'],
    [[], 'there is no schema.yaml here'],
    [['/nowhere/schema.yaml'], 'there is no such file'],
  ])('%j: %s', async (args, message) => {
    const { code, stderr } = await run(...args)
    expect(code).toBe(1)
    expect(stderr).toContain(message)
  })

  test('a schema without tests proves nothing', async () => {
    const { code, stderr } = await run(write('silent.yaml', SHOP))
    expect([code, stderr.split('\n')[0]]).toEqual([1, expect.stringContaining('there are no tests')])
  })

  test('a fixture that the schema refuses is told, and fails', async () => {
    const tests = MATRIX.replace('title: draft }', 'title: a title that is far too long }')
    const { code, stdout } = await run(write('items.test.yaml', tests), '--schema', at('shop.yaml'))
    expect(code).toBe(1)
    expect(stdout).toMatch(/the fixture items\.draft: .*23514/)
  })

  test('a wrong rule in the schema: 1, the line of the expectation, and that of the rule', async () => {
    const wrong = SHOP.replace(`update: { where: "state != 'sold'", fields`, 'update: { fields')
    const schema = write('wrong.yaml', wrong)
    const { code, stdout } = await run(write('items.test.yaml', MATRIX), '--schema', schema)
    expect(code).toBe(1)
    expect(stdout).toContain('clerk update items (sold)\n        expected deny, got allow')
    expect(stdout).toContain(`at ${at('items.test.yaml')}:13:17 (/tests/0/matrix/items/update)`)
    const line = wrong.split('\n').findIndex((text) => text.includes('update: { fields: [title, price]')) + 1
    expect(stdout).toMatch(new RegExp(`allow clerk fields title, price → holds \\(.*wrong\\.yaml:${line}:\\d+\\)`))
  })

  test('what was prepared is kept; where it is broken it is made again', async () => {
    const cache = join(at('cache'), 'backsaas')
    const [name] = readdirSync(cache)
    writeFileSync(join(cache, String(name)), 'no database')
    const args = [write('items.test.yaml', MATRIX), '--schema', at('shop.yaml')]
    const healed = await run(...args)
    expect([healed.code, healed.stderr]).toEqual([0, expect.stringContaining('is made again')])
    expect(await run(...args)).toMatchObject({ code: 0, stderr: '' })
  }, 180_000)

  test('without cache nothing is kept', async () => {
    const args = ['test', write('items.test.yaml', MATRIX), '--schema', at('shop.yaml'), '--no-cache']
    expect(await runCli(args, { XDG_CACHE_HOME: at('other-cache') })).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(folder.path)).not.toContain('other-cache')
  })

  test('--watch runs again when a file changes, told or not of its faults, and ends on a signal', async () => {
    const file = write('items.test.yaml', MATRIX)
    const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
    const child = spawn(
      process.execPath,
      ['--conditions=@backsaas/source', main, 'test', file, '--schema', at('shop.yaml'), '--watch'],
      {
        env: { ...process.env, ...variables },
      },
    )
    let seen = ''
    const said = async (text: string): Promise<void> => {
      for (let waited = 0; !seen.includes(text); waited += 50) {
        if (waited > 50_000) throw new Error(`${text} was not said: ${seen}`)
        await new Promise((done) => setTimeout(done, 50))
      }
      seen = ''
    }
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        seen += chunk
      })
    const ended = new Promise((done) => child.on('exit', done))
    await said('all hold')
    write('items.test.yaml', MATRIX.replace('delete: [adm]', 'delete: []'))
    await said('2 failed')
    write('items.test.yaml', 'tests: [')
    await said('items.test.yaml:1:')
    write('items.test.yaml', MATRIX)
    await said('all hold')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  }, 180_000)
})
