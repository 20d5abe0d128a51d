/** The rules of the example that `npm start` serves are what its policy tests say; and those can fail. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compileSchema, readTests } from '@backsaas/core/language'
import { functions } from '@backsaas/plugins/functions'
import { expect, test } from 'vitest'
import { createDumpCache } from './dump-cache.ts'
import { createPreparation } from './open-database.ts'
import { rowName } from './result.ts'
import { runSuites } from './run-suites.ts'

const FOLDER = new URL('../../../../examples/crm/', import.meta.url)
const CRM = readFileSync(new URL('schema.yaml', FOLDER), 'utf8')
const TESTS = readFileSync(new URL('rules.test.yaml', FOLDER), 'utf8')

const SHIPPED = functions().functions

/** Of all runs of tests. */
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache', import.meta.url))

const preparation = createPreparation(createDumpCache({ XDG_CACHE_HOME: CACHE }), (line) => {
  throw new Error(line)
})

interface Run {
  readonly tried: number
  readonly failed: readonly string[]
}

/** @param name of the one test to run; null for all. */
async function run(text: string, name: string | null): Promise<Run> {
  const schema = {
    file: 'schema.yaml',
    text,
    functions: SHIPPED,
    compiled: compileSchema(text, { functions: SHIPPED }),
  }
  const chosen = readTests(TESTS, schema.compiled).filter((one) => name === null || one.name === name)
  const { tests } = await runSuites([{ file: 'rules.test.yaml', schema, tests: chosen }], preparation)
  const results = tests.flatMap((one) => one.results.map((result) => ({ ...result, test: one.test })))
  const wrong = results.filter(({ passed }) => !passed)
  return {
    tried: results.length,
    failed: [
      ...tests.flatMap(({ error }) => error ?? []),
      ...wrong.map(({ expectation: one, verdict, test: of }) =>
        [one.principal, one.action, one.entity, rowName(one, of) ?? '-', verdict.access].join(' '),
      ),
    ],
  }
}

test('sales, support, both, admin and who is none of them', { timeout: 180_000 }, async () => {
  const { tried, failed } = await run(CRM, null)
  expect(failed).toEqual([])
  expect(tried).toBeGreaterThan(300)
})

test('a rule that shows support who owns a contact is found', { timeout: 180_000 }, async () => {
  const right = `read: { where: "status == 'customer'", except: [owner_id] }`
  expect(CRM.split(right)).toHaveLength(2)
  const { failed } = await run(CRM.replace(right, `read: { where: "status == 'customer'" }`), 'support')
  expect(failed).toEqual(['support read contacts - allow'])
})
