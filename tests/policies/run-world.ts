/** Takes random steps in a world, in the product and in the oracle, and stops where they disagree. */
import { compare } from './compare.ts'
import type { Caller } from './evaluate.ts'
import { toCel } from './expression.ts'
import { expectedOf } from './oracle.ts'
import { createRandom, type Random } from './random.ts'
import { randomRead, randomWrite } from './random-steps.ts'
import { type Rule, type RuleSet, schemaDocument } from './rules.ts'
import type { Setting } from './sight.ts'
import type { World, WorldTenant } from './start-worlds.ts'
import { isWrite, type Step, toRequest } from './steps.ts'
import { sameTables, staleRows } from './store.ts'
import { ROBOT, UIDS } from './values.ts'
import type { Tables } from './world.ts'

/** Reads between two writes: they are asked at the same time. */
const READS = 4

export interface Tally {
  /** How often each kind of step ended so: `create 201`. */
  readonly counts: Map<string, number>
  /** Told of a disagreement, after which the steps go on; without it the first one ends them. */
  readonly disagreed?: (disagreement: Disagreement) => void
}

/** A step that the product and the oracle disagree about. */
export class Disagreement extends Error {
  readonly step: number
  constructor(step: number, message: string) {
    super(message)
    this.step = step
  }
}

/** @throws Disagreement, with all that is needed to repeat it, once all tenants have stopped. */
export async function runWorld(seed: string, world: World, steps: number, tally: Tally): Promise<void> {
  const run: Run = { seed, world, tally, steps: Math.ceil(steps / world.tenants.length), stop: new AbortController() }
  const ends = await Promise.allSettled(world.tenants.map((tenant) => runTenant(run, tenant)))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

interface Run {
  readonly seed: string
  readonly world: World
  readonly tally: Tally
  /** Of each tenant. */
  readonly steps: number
  /** Ends the others' steps when one fails. */
  readonly stop: AbortController
}

async function runTenant(run: Run, tenant: WorldTenant): Promise<void> {
  try {
    await takeSteps(run, tenant)
  } catch (error) {
    run.stop.abort()
    throw error
  }
}

async function takeSteps({ seed, world, tally, steps, stop }: Run, tenant: WorldTenant): Promise<void> {
  const random = createRandom(`${seed}/${world.name}/${tenant.slug}`)
  let { tables } = tenant
  let at = 0
  while (at < steps && !stop.signal.aborted) {
    const now = tables
    const reads = Array.from({ length: READS }, () => {
      const setting = settingOf(random, tenant, now)
      return { setting, step: randomRead(random, setting) }
    })
    const start = at
    await Promise.all(
      reads.map(({ setting, step }, i) => take({ seed, world, tenant, at: start + i, tally }, setting, step)),
    )
    const setting = settingOf(random, tenant, tables)
    at += READS
    tables = await take({ seed, world, tenant, at, tally }, setting, randomWrite(random, setting))
    at++
  }
}

function settingOf(random: Random, tenant: WorldTenant, tables: Tables): Setting {
  return { set: tenant.set, tables, tenant, caller: randomCaller(random, tenant.set) }
}

function randomCaller(random: Random, set: RuleSet): Caller {
  const roles = Object.keys(set.roles)
  if (random.chance(0.04)) return { id: 'nobody', kind: 'anonymous', roles: random.some(['anonymous'], 0.7) }
  const count = random.pick([0, 1, 1, 1, 2, 2, 2, 3, 3])
  const held = Array.from({ length: count }, () => (random.chance(0.05) ? 'ghost' : random.pick(roles)))
  return { id: random.chance(0.05) ? ROBOT : random.pick(UIDS), kind: 'user', roles: [...new Set(held)] }
}

interface Moment {
  readonly seed: string
  readonly world: World
  readonly tenant: WorldTenant
  readonly at: number
  readonly tally: Tally
}

/** @returns the data afterwards. */
async function take(moment: Moment, setting: Setting, step: Step): Promise<Tables> {
  const { tenant, at, tally } = moment
  const expected = expectedOf(setting, step)
  const came = await tenant.send(setting.caller, toRequest(step))
  const name = `${step.is} ${came.status}`
  tally.counts.set(name, (tally.counts.get(name) ?? 0) + 1)
  const verdict = compare(expected, came)
  const stored = isWrite(step) ? await tenant.stored() : setting.tables
  const problem =
    'wrong' in verdict
      ? verdict.wrong
      : ((isWrite(step) ? staleProblem(stored) : null) ?? storedProblem(stored, verdict.right.tables))
  if (problem === null) return stored
  const disagreement = new Disagreement(
    at,
    `${report(moment, setting, step)}\nCame: ${came.status} ${came.text}\nRight: ${problem}`,
  )
  if (!tally.disagreed) throw disagreement
  tally.disagreed(disagreement)
  return stored
}

function staleProblem(stored: Tables): string | null {
  const [stale] = staleRows(stored)
  return stale ? `another stored field than in ${JSON.stringify(stale)}` : null
}

function storedProblem(stored: Tables, right: Tables): string | null {
  return sameTables(stored, right) ? null : `stored\n${JSON.stringify(right)}\nand not\n${JSON.stringify(stored)}`
}

function report({ seed, world, tenant, at }: Moment, { set, tables, caller }: Setting, step: Step): string {
  const { method, path, headers, body } = toRequest(step)
  return [
    `Seed ${seed}, ${world.name}, ${tenant.slug}, step ${at}: BACKSAAS_TEST_SEED=${seed} BACKSAAS_TEST_WORLD=${world.name}`,
    `Caller: ${JSON.stringify(caller)}`,
    `${method} ${decodeURIComponent(path)} ${JSON.stringify(headers)} ${body === undefined ? '' : JSON.stringify(body)}`,
    `Schema: ${shorten(world)}`,
    `Policies: ${JSON.stringify(set.rules.slice(world.set.rules.length).map(readable))}`,
    `Rows: ${JSON.stringify(tables)}`,
  ].join('\n')
}

/** Roles and rules; the rest of the document is the same for all. */
function shorten({ name, set }: World): string {
  const { roles, entities }: { roles: object; entities: Record<string, { access?: object }> } = JSON.parse(
    schemaDocument(name, set),
  )
  const access = Object.entries(entities).map(([entity, document]) => [entity, document.access ?? 'none'])
  return JSON.stringify({ roles, access: Object.fromEntries(access) })
}

function readable({ where, check, ...rest }: Rule): object {
  return { ...rest, ...(where ? { where: toCel(where) } : {}), ...(check ? { check: toCel(check) } : {}) }
}
