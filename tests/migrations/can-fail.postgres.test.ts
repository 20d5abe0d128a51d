/**
 * The suite can fail: each safeguard is taken away once, and what it is there for is seen to break. Beside each stands the same
 * story with the safeguard, which breaks nothing.
 */
import type { Database } from '@backsaas/core'
import {
  type MigrationPlan,
  migrate,
  migrationStatus,
  rollbackMigration,
  runMigration,
  type Step,
} from '@backsaas/migrator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { connectAsRuntime } from './connect-as-runtime.ts'
import { startLedger } from './ledger.ts'
import { type Mutant, withMutant } from './mutants.ts'
import { AFTER, BEFORE, people } from './people.ts'

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
})
afterEach(() => fixture.close())

interface Story extends Mutant {
  /** Whether what belongs together is two steps. */
  readonly splits?: boolean
}

const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })
const STORE = '"backsaas_00000000000070008000000000000004"'
const ROW = { title: 't', price: 100, name: 'Ann Lee', other: 'o' }

async function addRow(): Promise<string> {
  const made = await fixture.tenants.acme.post('/people', ROW, { ...at(1), prefer: 'return=representation' })
  return String(made.row.id ?? made.rows[0]?.id)
}

async function end(database: Database): Promise<void> {
  const [status] = await migrationStatus(fixture.database, { schema: 'crm' })
  await runMigration(database, status?.id ?? '', {
    until: 'done',
    now: true,
    token: status?.token ?? '',
    giveUpAfterMs: 5000,
  })
}

/** A client of the older version touches another field: does a value that only the newer one can hold stay (I3)? */
async function touching(mutant: Story): Promise<boolean> {
  const id = await addRow()
  await migrate(withMutant(fixture.database, mutant), AFTER)
  const { acme } = fixture.tenants
  await acme.patch(`/people?id=eq.${id}`, { price: 0.125 }, at(2))
  await acme.patch(`/people?id=eq.${id}`, { other: 'x' }, at(1))
  const { rows } = await acme.get(`/people?id=eq.${id}&select=price`, at(2))
  return rows[0]?.price === 0.125
}

/** Somebody writes when the trigger has gone: have the columns gone as well that only it gives values? */
async function writingMeanwhile({ splits = false }: Story): Promise<boolean> {
  await addRow()
  await migrate(fixture.database, AFTER)
  const [row] = await fixture.ownerQuery(`select id::text, plan, token from backsaas.migrations where phase = 'live'`)
  const plan: MigrationPlan = JSON.parse(row?.[1] ?? '')
  const steps = splits ? plan.steps.flatMap(split) : plan.steps
  const text = JSON.stringify({ ...plan, steps }).replaceAll("'", "''")
  await fixture.ownerQuery(`update backsaas.migrations set plan = '${text}' where phase = 'live'`)
  const aborting = new AbortController()
  await runMigration(fixture.database, row?.[0] ?? '', {
    until: 'done',
    now: true,
    token: row?.[2] ?? '',
    signal: aborting.signal,
    progress({ step }) {
      if (steps[step - 1]?.statements.some((statement) => statement.includes('drop trigger if exists')))
        aborting.abort()
    },
  })
  const { key } = fixture.tenants.acme
  const answer = await fixture.runtime.fetch(
    new Request('http://localhost/rest/v1/people', {
      method: 'POST',
      headers: { apikey: key, 'content-type': 'application/json', ...at(2) },
      body: JSON.stringify({ heading: 't', price: 7, first: 'Bo', last: 'Ray' }),
    }),
  )
  return answer.status === 201
}

/** The trigger in one transaction, its columns in the next. */
function split(step: Step): Step[] {
  const isColumn = (text: string): boolean => text.includes('drop column if exists')
  if (step.kind !== 'ddl' || step.phase !== 'contract' || !step.statements.some(isColumn)) return [step]
  const [columns, rest] = [step.statements.filter(isColumn), step.statements.filter((text) => !isColumn(text))]
  return [
    { ...step, statements: rest },
    { ...step, id: `${step.id}b`, statements: columns },
  ]
}

/** A transaction that entered the older version before it was retired: can it still do what it came for (I9)? */
const finishing = (mutant: Story): Promise<boolean> =>
  entered(1, 'price, name', () => end(withMutant(fixture.database, mutant)))

/** The same of the newer version, which is taken back (I6). */
const turningBack = (mutant: Story): Promise<boolean> =>
  entered(2, 'price_2, first', async () => {
    const [status] = await migrationStatus(fixture.database, { schema: 'crm' })
    await rollbackMigration(withMutant(fixture.database, mutant), status?.id ?? '')
  })

async function entered(version: number, columns: string, work: () => Promise<unknown>): Promise<boolean> {
  await addRow()
  await migrate(fixture.database, AFTER)
  const [placement] = await fixture.ownerQuery(`select id::text from backsaas.placements where schema_name = 'crm'`)
  const client = await connectAsRuntime(fixture)
  const ending = { done: false }
  let working: Promise<void> | undefined
  try {
    return await client.begin(async (transaction) => {
      await transaction.unsafe(`select backsaas.enter('${fixture.tenants.acme.id}', '${placement?.[0]}', ${version})`)
      working = work().then(
        () => {
          ending.done = true
        },
        () => undefined,
      )
      const until = Date.now() + 1500
      while (!ending.done && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
      const read = await transaction.unsafe(`select ${columns} from ${STORE}.people`)
      return read.length === 1
    })
  } catch {
    return false // its columns have gone
  } finally {
    await working
    await client.end()
  }
}

/** Clients of both versions, and a ledger: does each see what the other has written (I2)? */
async function both(mutant: Story): Promise<boolean> {
  const { acme, globex } = fixture.tenants
  const ledger = startLedger(people, [acme, globex], { each: 2 })
  await ledger.more(40)
  await migrate(withMutant(fixture.database, mutant), AFTER)
  ledger.turn('both', 2)
  await ledger.more(160)
  const { errors } = await ledger.stop()
  return errors.length === 0 && (await ledger.differences()).length === 0
}

/** Another migrator has taken over: does the one before commit anything (I5)? */
async function takenOver(mutant: Story): Promise<boolean> {
  await addRow()
  await migrate(fixture.database, AFTER, { run: { signal: AbortSignal.abort() } })
  const [status] = await migrationStatus(fixture.database, { schema: 'crm' })
  let steps = 0
  const stale = runMigration(withMutant(fixture.database, mutant), status?.id ?? '', {
    leaseMs: 200_000,
    async progress() {
      if (++steps === 1) await fixture.ownerQuery('update backsaas.migrations set lease_epoch = lease_epoch + 1')
    },
  })
  await stale.catch(() => undefined)
  // What was reported of the first step may be under way while the second begins; more than that nobody commits.
  const [after] = await migrationStatus(fixture.database, { schema: 'crm' })
  return after?.phase !== 'live'
}

const WITHOUT_BARRIER: Story = {
  rewrite: (text) => (text.includes("locktype = 'virtualxid' and a.usename") ? null : text),
}

const STORIES: readonly [string, (mutant: Story) => Promise<boolean>, Story][] = [
  [
    'the guard of the trigger: it would sync whatever an older client touches',
    touching,
    {
      rewrite: (text) =>
        text
          .replaceAll('old_side := record_image_ne', 'old_side := true or record_image_ne')
          .replace(/ = 'on'\) and \(.*\)\) execute/, " = 'on')) execute"),
    },
  ],
  ['one transaction for trigger and column', writingMeanwhile, { splits: true }],
  ['the barrier', finishing, WITHOUT_BARRIER],
  ['the barrier of the way back', turningBack, WITHOUT_BARRIER],
  [
    'the way down: older clients would not see what newer ones write',
    both,
    { rewrite: (text) => text.replace('  elsif new_side then\n', '  elsif false then\n') },
  ],
  [
    'the epoch',
    takenOver,
    { rewrite: (text) => text.replace(' and lease_owner = $2 and lease_epoch = $3', ' and $2 <> $3') },
  ],
]

describe('without a safeguard something breaks, and with it nothing does:', () => {
  test.each(STORIES)('%s', async (_, story, mutant) => {
    expect(await story(mutant), 'without').toBe(false)
  })
  test.each(STORIES)('%s (kept)', async (_, story) => {
    expect(await story({}), 'with').toBe(true)
  })
})
