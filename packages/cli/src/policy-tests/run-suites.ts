/** Runs policy tests: a database for each schema, a tenant for each test, everything that is tried undone. */
import {
  BackSaasError,
  type Expectation,
  type Identity,
  invariant,
  type PolicyTest,
  runCase,
  uuidv7,
} from '@backsaas/core'
import { explainFailure, type Locate, locateIn } from './explain-failure.ts'
import { createRowStore, entityOf, type RowStore, type StoredRow } from './insert-rows.ts'
import { judgeByRules, seesKey } from './judge-by-rules.ts'
import { judgeRead } from './judge-read.ts'
import { judgeCreate, judgeDelete, judgeUpdate } from './judge-write.ts'
import type { Preparation } from './open-database.ts'
import type { ExpectationResult, RunResult, TestResult, Verdict } from './result.ts'
import type { SchemaFile, Suite } from './suite.ts'
import { openWorld, type TestTenant, type World } from './world.ts'

/** @example const { tests } = await runSuites(readSuites(files), createPreparation(null, io.err)) */
export async function runSuites(suites: readonly Suite[], preparation: Preparation): Promise<RunResult> {
  const startedAt = performance.now()
  const tests: TestResult[] = []
  for (const suite of suites) tests.push(...(await runCases(suite)))
  const bySchema = Map.groupBy(
    suites.filter((suite) => suite.tests.length > 0),
    ({ schema }) => schema,
  )
  for (const [schema, own] of bySchema) tests.push(...(await runOn(schema, own, preparation)))
  return { tests, durationMs: performance.now() - startedAt }
}

/** A case is a test of its own, which fails as one that says what came. */
async function runCases(suite: Suite): Promise<readonly TestResult[]> {
  const results: TestResult[] = []
  for (const { definition, case: given, place } of suite.cases ?? []) {
    const startedAt = performance.now()
    const { name, reason } = await runCase(definition, given)
    const test: PolicyTest = { name, place, fixtures: [], principals: {}, expectations: [] }
    results.push({ suite, test, results: [], error: reason, durationMs: performance.now() - startedAt })
  }
  return results
}

async function runOn(
  schema: SchemaFile,
  suites: readonly Suite[],
  preparation: Preparation,
): Promise<readonly TestResult[]> {
  const world = await openWorld(await preparation.open(schema), schema)
  const locate = locateIn(schema)
  try {
    const results: TestResult[] = []
    for (const suite of suites) for (const test of suite.tests) results.push(await runTest(world, suite, test, locate))
    return results
  } finally {
    await world.close()
  }
}

async function runTest(world: World, suite: Suite, test: PolicyTest, locate: Locate): Promise<TestResult> {
  const startedAt = performance.now()
  const done = (results: readonly ExpectationResult[], error: string | null): TestResult => {
    return { suite, test, results, error, durationMs: performance.now() - startedAt }
  }
  const tenant = await world.newTenant()
  const store = createRowStore(world, tenant)
  const fixtures: StoredRow[] = []
  try {
    for (const [index, row] of test.fixtures.entries())
      fixtures.push(await store.insert(row, test.fixtures.slice(index + 1), true))
  } catch (error) {
    const { entity, label } = test.fixtures[fixtures.length] ?? {}
    return done([], `the fixture ${entity}${label === undefined ? '' : `.${label}`}: ${messageOf(error)}`)
  }
  const callers = callersOf(test, tenant)
  const results: ExpectationResult[] = []
  for (const expectation of test.expectations) {
    const caller = callers.get(expectation.principal)
    invariant(caller, `the test names no principal ${expectation.principal}`)
    results.push(await runExpectation(world, store, fixtures, caller, expectation, locate))
  }
  return done(results, null)
}

/** Who has no id in the test has one that nothing knows. */
function callersOf({ principals }: PolicyTest, { slug }: TestTenant): ReadonlyMap<string, Identity> {
  const callers = Object.entries(principals).map(([name, { id = uuidv7(), ...rest }]): [string, Identity] => {
    return [name, { tenant: slug, id, ...rest }]
  })
  return new Map(callers)
}

async function runExpectation(
  world: World,
  store: RowStore,
  fixtures: readonly StoredRow[],
  caller: Identity,
  expectation: Expectation,
  locate: Locate,
): Promise<ExpectationResult> {
  const mark = store.mark()
  try {
    const row = await rowOf(expectation, fixtures, store)
    const verdict = await judge(world, caller, expectation, row)
    const passed = verdict.access === (expectation.allowed ? 'allow' : 'deny')
    const explanation = passed ? null : await explainFailure(world, caller, expectation, row, locate)
    return { expectation, passed, verdict, explanation }
  } catch (error) {
    const verdict: Verdict = { access: 'unclear', request: '', detail: messageOf(error) }
    return { expectation, passed: false, verdict, explanation: null }
  } finally {
    await store.removeSince(mark)
  }
}

async function rowOf(
  { row, entity }: Expectation,
  fixtures: readonly StoredRow[],
  store: RowStore,
): Promise<StoredRow | null> {
  if (!row) return null
  if ('values' in row) return store.insert({ entity, values: row.values }, [], true)
  const fixture = fixtures[row.fixture]
  invariant(fixture, 'an expectation is about a fixture that there is')
  return fixture
}

async function judge(
  world: World,
  caller: Identity,
  expectation: Expectation,
  row: StoredRow | null,
): Promise<Verdict> {
  const { action, entity: name, input, fields } = expectation
  const entity = entityOf(world, name)
  if (row && !(await seesKey(world, caller, entity))) return judgeByRules(world, caller, expectation, row)
  const subject = { world, caller, entity, row }
  switch (action) {
    case 'read':
      return judgeRead(world, caller, entity, row, fields)
    case 'create':
      return judgeCreate(subject, { input, fields })
    case 'update':
      return judgeUpdate(subject, { input, fields })
    case 'delete':
      return judgeDelete(subject)
  }
}

/** What a test does wrong is told with it; what breaks on our side ends the run. */
function messageOf(error: unknown): string {
  if (error instanceof BackSaasError && error.status < 500) return error.message
  throw error
}
