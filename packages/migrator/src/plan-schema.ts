/** What publishing a document would do, without doing any of it: changes, steps with their SQL, what in the data stands in the way, and the way back. */
import type { CompiledSchema, Connection, Database, FunctionDefinition } from '@backsaas/core'
import { DEFAULT_STORE_ID } from '@backsaas/core'
import type { ShownRows } from './execute/describe-blockers.ts'
import { type Ask, type FoundBlocker, findBlockers } from './execute/find-blockers.ts'
import { migratorTransaction } from './execute/migrator-transaction.ts'
import { readSource } from './migrate.ts'
import { describePinned, type Pinned, samplePins } from './pins/read-pins.ts'
import type { Change } from './plan/diff.ts'
import { type Naming, readableNaming } from './plan/names.ts'
import type { MigrationPlan } from './plan/steps.ts'
import type { Decide } from './registry/decide.ts'
import { findTenant } from './registry/find-tenant.ts'
import { readPlatform } from './registry/platform.ts'
import { compileToPublish } from './registry/publish-document.ts'
import { previewMigration } from './registry/request-migration.ts'
import { readStanding } from './registry/standing.ts'

export interface PlanOptions {
  /** Slug or id of the tenant that owns the schema; default `system`. */
  readonly owner?: string
  readonly naming?: Naming
  readonly decide?: Decide
  /** What the schema may name in `hooks:` and `functions:`; none unless given. */
  readonly functions?: readonly FunctionDefinition[]
}

export interface SchemaPlan {
  readonly schema: string
  /** The newest live version; null where the schema is new. */
  readonly from: number | null
  readonly changes: readonly Change[]
  /** Null where all is published at once. */
  readonly plan: MigrationPlan | null
  /** What is published at once, in one transaction; then indexes are built concurrently, and checks validated. Empty where there is a plan. */
  readonly statements: readonly string[]
  readonly blockers: readonly FoundBlocker[]
  /** Installs that stay where they are, whatever is published. */
  readonly pinned: Pinned
  /** The way back, as long as the contract has not begun: the steps in the opposite order. */
  readonly reverse: readonly { readonly step: string; readonly statements: readonly string[] }[]
}

/**
 * Reads and writes nothing.
 *
 * @param source YAML or JSON text, or the path of a file of it.
 * @throws what `migrate` throws of a document; `NOT_BOOTSTRAPPED` (503).
 * @example (await planSchema(database, './crm.yaml')).plan?.steps
 */
export async function planSchema(database: Database, source: string, options: PlanOptions = {}): Promise<SchemaPlan> {
  const text = await readSource(source)
  const compiled = await compileToPublish(text, options)
  const ask: Ask = (question) => migratorTransaction(database, question)
  const ownerOf = async (connection: Connection): Promise<string> =>
    (await findTenant(connection, await readPlatform(connection), options.owner ?? 'system')).id
  return planWithin(ask, { compiled, source: text, ownerOf, naming: options.naming ?? readableNaming })
}

interface ToPlan {
  readonly compiled: CompiledSchema
  readonly source: string
  readonly naming: Naming
  ownerOf(connection: Connection): Promise<string>
}

/** The same in the transactions of the caller, or in its one. @param shown whose rows are shown among those in the way. */
export async function planWithin(
  ask: Ask,
  { ownerOf, ...document }: ToPlan,
  shown: ShownRows = {},
): Promise<SchemaPlan> {
  const { pinned, ...preview } = await ask(async (connection) => {
    const publication = { ...document, ownerId: await ownerOf(connection), storeId: DEFAULT_STORE_ID }
    const { placementId } = await readStanding(connection, publication)
    const pinned = await samplePins(connection, await readPlatform(connection), { schemaOf: placementId })
    return { ...(await previewMigration(connection, publication)), pinned }
  })
  const { plan, statements } = preview
  return {
    schema: document.compiled.name,
    from: preview.before,
    changes: preview.changes,
    plan,
    statements,
    blockers: plan ? await findBlockers(ask, plan, shown) : [],
    pinned,
    reverse: (plan?.steps ?? [])
      .toReversed()
      .flatMap(({ id, inverse }) => (inverse.length > 0 ? [{ step: id, statements: inverse }] : [])),
  }
}

/** A plan for people: the lines of a terminal. */
export function describePlan({ schema, from, changes, plan, blockers, pinned }: SchemaPlan): string[] {
  if (from === null) return [`${schema} is new: it is published at once`]
  const list = changes.map(
    ({ class: kind, type, pointer, message }) => `  ${kind === 'breaking' ? '!' : ' '} ${type} ${pointer}: ${message}`,
  )
  const stay = describePinned(pinned)
  if (!plan)
    return [`${schema}: ${changes.length} changes, all compatible: they are published at once`, ...list, ...stay]
  const lines = plan.steps.flatMap((step) => [
    `  ${step.id}  ${step.title}${step.destructive ? '  [loses data]' : ''}`,
    `      lock: ${step.lock}${step.rows > 0 ? `, ${step.rows} rows` : ''}, about ${step.estimateMs} ms`,
    ...step.statements.map((text) => `      ${text.replaceAll('\n', '\n      ')};`),
  ])
  const ways = blockers.flatMap(({ step, code, message, count, samples = [] }) => [
    `  ${step}  ${code}: ${message} (${count})`,
    ...samples.map((sample) => `      ${JSON.stringify(sample)}`),
  ])
  return [
    `${schema}: version ${plan.fromVersion} to ${plan.toVersion}`,
    ...list,
    'steps:',
    ...lines,
    ...(plan.announcements.length > 0 ? ['while both serve:', ...plan.announcements.map((text) => `  ${text}`)] : []),
    ...stay,
    ...(ways.length > 0 ? ['in the way:', ...ways] : ['nothing in the data is in the way']),
    ...(plan.steps.some(({ destructive }) => destructive) ? [`token: ${plan.token}`] : []),
  ]
}
