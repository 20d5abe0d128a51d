/** Random steps of several tenants see exactly their own rows: with all locks, and with each of the two alone. */
import { readFile } from 'node:fs/promises'
import type { Statement } from '@backsaas/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { watchDatabase } from '../fixture/watch-database.ts'
import { stripPredicate } from './planner-predicate.ts'
import { shapeProblem } from './read-shape.ts'
import { runSteps } from './run-steps.ts'
import { steps, TENANTS } from './steps.ts'

const RUNS = 40
/** A machine on which fewer are done in the time there is has not shown it. */
const LEAST_RUNS = 15
const GARDEN = new URL('garden.yaml', import.meta.url)

let fixture: Fixture
let stores: readonly string[] = []
let plannerIsOn = true
/** What was wrong with statements; kept, because the runtime would turn an error thrown on its way into a 500. */
const problems: string[] = []
const seen = { reads: 0, changes: 0, inserts: 0 }

beforeAll(async () => {
  const garden = await readFile(GARDEN, 'utf8')
  fixture = await startFixture({
    database: 'postgres',
    schemas: [garden],
    wrap: (database) => watchDatabase(database, (batch) => batch.map(watch)),
  })
  stores = (await fixture.ownerQuery('select pg_schema from backsaas.placements')).map(([name]) => String(name))
})
afterAll(() => fixture?.close())

/** Judges the shape of every statement over tenants' tables; without the planner's lock, takes its predicates out. */
function watch(statement: Statement): Statement {
  if (!stores.some((store) => statement.text.includes(store))) return statement
  const kind = /^with w as \(insert/.test(statement.text)
    ? 'inserts'
    : /^with w as /.test(statement.text)
      ? 'changes'
      : 'reads'
  seen[kind]++
  const problem = kind === 'reads' ? shapeProblem(statement.text) : null
  if (problem) problems.push(`${problem}\n${statement.text}`)
  if (plannerIsOn) return statement
  const { statement: bare, removed } = stripPredicate(statement)
  // An insert reads no table: what it writes is the database's to judge.
  if (kind !== 'inserts' && removed === 0) problems.push(`nothing to remove: ${statement.text}`)
  if (/"tenant_id" =|= x\.tenant/.test(bare.text)) problems.push(`not all removed: ${bare.text}`)
  return bare
}

async function check(runs: number): Promise<void> {
  let done = 0
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      done++
      const callers = await Promise.all(Array.from({ length: TENANTS }, () => fixture.newTenant()))
      await runSteps(callers, history)
    }),
    { numRuns: runs, interruptAfterTimeLimit: 50_000 },
  )
  expect(problems).toEqual([])
  expect(done, 'runs in the time there is').toBeGreaterThanOrEqual(Math.min(runs, LEAST_RUNS))
}

async function setRowSecurity(state: 'enable' | 'disable'): Promise<void> {
  await fixture.ownerQuery(`
    do $$ declare t regclass; begin
      for t in select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in (select pg_schema from backsaas.placements)
      loop execute format('alter table %s ${state} row level security', t); end loop;
    end $$`)
}

describe('tenants see exactly their own rows', () => {
  test('with both locks, every read in the one tested shape', async () => {
    await check(RUNS)
    expect(seen.reads).toBeGreaterThan(200)
    expect(seen.changes).toBeGreaterThan(20)
    expect(seen.inserts).toBeGreaterThan(100)
  })

  test('with row level security alone', async () => {
    plannerIsOn = false
    try {
      await check(RUNS)
    } finally {
      plannerIsOn = true
    }
  })

  test('with the planner alone', async () => {
    await setRowSecurity('disable')
    try {
      await check(RUNS)
    } finally {
      await setRowSecurity('enable')
    }
  })

  test('with neither they do not: the test can fail', async () => {
    plannerIsOn = false
    await setRowSecurity('disable')
    try {
      await expect(check(5)).rejects.toThrow()
    } finally {
      plannerIsOn = true
      await setRowSecurity('enable')
    }
  })
})
