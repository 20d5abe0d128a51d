/** `backsaas migrate FILE`: a schema into a database, which is prepared for BackSaaS where it is not yet; and the end of a migration. */

import { BackSaasError } from '@backsaas/core'
import type { Delivery, DeliveryPlan, Fleet, Migrated, MigrationStatus, RunOptions } from '@backsaas/migrator'
import { type Command, Option } from 'commander'
import { type CuratedOptions, curated, withFunctions } from '../curated.ts'
import { decide } from '../decide.ts'
import type { Io } from '../io.ts'
import { type MigrationHooksOptions, migrationHooks, withMigrationHooks } from '../migration-hooks.ts'
import { type DatabaseOptions, withDatabase } from '../open-database.ts'
import { bootstrapNamed, useFleet } from '../open-fleet.ts'
import { readText } from '../read-text.ts'
import { type Delivered, deliveryTeller, untilDelivered, withDeliverers } from '../stores/deliver.ts'
import { deliveryJson, deliveryLines } from '../stores/delivery-lines.ts'
import { reportProgress } from './report-progress.ts'

interface MigrateOptions extends DatabaseOptions, CuratedOptions, MigrationHooksOptions {
  readonly owner?: string
  readonly compatible?: boolean
  readonly hold?: boolean
  readonly resume?: string
  readonly contract?: boolean
  readonly now?: boolean
  readonly confirm?: string
  readonly drain?: string
  readonly concurrency?: string
  readonly onError?: 'halt' | 'continue'
}

/** Adds the command to `program`. */
export function addMigrate(program: Command, io: Io): void {
  const command = program
    .command('migrate')
    .description(
      'Put a schema into the database: a new one, or a new version. A breaking one is made while the old one serves on.',
    )
    .argument('[file]', 'YAML or JSON')
    .option('--owner <tenant>', 'the tenant that owns the schema (default: the platform itself)')
    .option('--compatible', 'refuse breaking changes')
    .option('--hold', 'it serves, and nobody moves to it before `backsaas rollout start` does it')
    .option(
      '--resume <schema>',
      'go on with the migration of a schema (its name, or owner/name), in every store, in place of a file',
    )
    .option('--contract', 'go to the end: retire the older versions and take away what only they need')
    .option('--now', 'with --contract: before the time is over that older versions were promised')
    .option('--confirm <token>', "the plan's token, where a step loses data for good")
    .option('--drain <hours>', 'how long older versions are promised to serve on (default: 24)')
    .option('--concurrency <n>', 'of other stores: how many are brought the version at once (default: 4)')
    .addOption(
      new Option(
        '--on-error <what>',
        'of other stores: whether one where it fails keeps those after it from beginning (default: halt)',
      ).choices(['halt', 'continue']),
    )
    .addHelpText('after', HELP)
  withDatabase(withMigrationHooks(withFunctions(command))).action((file: string | undefined, options: MigrateOptions) =>
    migrateFile(file, options, io),
  )
}

async function migrateFile(file: string | undefined, options: MigrateOptions, io: Io): Promise<void> {
  const run = { ...runOptions(options, io), hooks: await migrationHooks(options.migrationHooks) }
  const plan = deliveryPlan(options)
  if (options.resume !== undefined) return resume(calledBy(options.resume, options), { options, run, plan }, io)
  if (file === undefined) throw new BackSaasError('USAGE', 400, 'a file is missing', { hint: 'or say --resume SCHEMA' })
  const text = readText(file)
  const { describePinned, migrate } = await import('@backsaas/migrator')
  const { functions } = await curated(options)
  const result = await useFleet(options.database, io.env, async (fleet) => {
    await bootstrapNamed(fleet, io)
    const done = await migrate(fleet, text, {
      decide,
      functions,
      run,
      breaking: options.compatible ? 'refuse' : 'migrate',
      hold: options.hold === true,
      delivery: plan,
      ...(options.owner !== undefined && { owner: options.owner }),
    })
    // Of an older version other stores have what is newer, as the default store does.
    const delivery =
      done.version === done.newest
        ? await delivered(fleet, { ...done, called: calledBy(done.schema, options) }, run, io, options)
        : null
    return { ...done, ...(delivery && { delivery: deliveryJson(delivery) }) }
  })
  io.out(
    options.json
      ? JSON.stringify(result)
      : [summary(result, calledBy(result.schema, options)), ...describePinned(result.pinned)].join('\n'),
  )
}

/** The name that tells it from schemas of other owners. */
function calledBy(schema: string, { owner }: MigrateOptions): string {
  return owner === undefined || schema.includes('/') ? schema : `${owner}/${schema}`
}

interface Resuming {
  readonly options: MigrateOptions
  readonly run: RunOptions
  readonly plan: DeliveryPlan
}

/** Of what is over in the default store, other stores may have something left. @param name of a schema, or `owner/name`. */
async function resume(name: string, { options, run, plan }: Resuming, io: Io): Promise<void> {
  const migrator = await import('@backsaas/migrator')
  const { describePinned, openMigrationOf, pinnedBefore, resumeDelivery, runMigration, statusOf } = migrator
  const { data, lines } = await useFleet(options.database, io.env, async (fleet) => {
    const { home } = fleet
    // What has begun to end is ended before the next.
    const own = await migrator.ownedSchema(home, name)
    const ending = own && options.contract ? await migrator.unfinishedDelivery(home, own.schemaId) : null
    const [last] = own ? await migrator.listDeliveries(home, own.schemaId) : []
    const left = ending ?? (last?.state === 'done' || last?.state === 'rolled_back' ? undefined : last)
    const openOne = (): ReturnType<typeof openMigrationOf> =>
      openMigrationOf(home, name, options.contract ? 'oldest' : 'newest')
    const open = ending
      ? null
      : await openOne().catch((error: unknown) => {
          if (left && error instanceof BackSaasError && error.code === 'MIGRATION_NONE') return null
          throw error
        })
    const schemaId = open?.schemaId ?? left?.schemaId ?? name
    await resumeDelivery(fleet, schemaId, plan)
    const row = open && (await runMigration(home, open.id, run))
    const version = row?.toVersion ?? left?.version ?? 0
    const delivery = await delivered(fleet, { schemaId, version, called: name }, run, io, options)
    const brought = delivery && { delivery: deliveryJson(delivery) }
    if (!row) return { data: { schema: name, ...brought }, lines: delivery ? deliveryLines(delivery) : [] }
    const status = statusOf(row)
    const pinned = await pinnedBefore(home, { placementId: row.placementId, version: row.toVersion })
    return { data: { ...status, pinned, ...brought }, lines: [standing(status, name), ...describePinned(pinned)] }
  })
  io.out(options.json ? JSON.stringify(data) : lines.join('\n'))
}

/** What other stores do with it is waited for, as what the default store does is. */
function delivered(
  fleet: Fleet,
  which: Delivered,
  run: RunOptions,
  io: Io,
  { contract, json }: MigrateOptions,
): Promise<Delivery | null> {
  const wanted = contract ? (['done'] as const) : (['live', 'done'] as const)
  const tell = deliveryTeller(io, json === true)
  return withDeliverers(fleet, which.schemaId, run, () => untilDelivered(fleet, which, wanted, tell))
}

function deliveryPlan({ concurrency: given, onError }: MigrateOptions): DeliveryPlan {
  const concurrency = given === undefined ? undefined : Number(given)
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64))
    throw new BackSaasError('USAGE', 400, `--concurrency is no number of stores, 1 to 64: ${given}`)
  return { ...(onError !== undefined && { onError }), ...(concurrency !== undefined && { concurrency }) }
}

function runOptions(options: MigrateOptions, io: Io): RunOptions {
  const hours = options.drain === undefined ? undefined : Number(options.drain)
  if (hours !== undefined && !(hours >= 0))
    throw new BackSaasError('USAGE', 400, `--drain is no number of hours: ${options.drain}`)
  return {
    until: options.contract ? 'done' : 'live',
    progress: reportProgress(io, options.json === true),
    ...(options.now && { now: true }),
    ...(options.confirm !== undefined && { token: options.confirm }),
    ...(hours !== undefined && { drainMs: hours * 3_600_000 }),
  }
}

/** @param called as commands are to call it. */
function summary({ schema, version, hash, created, newest, migration }: Migrated, called: string): string {
  if (migration) return standing(migration, called)
  const done = created ? 'is live' : 'was live already'
  const beside = newest === version ? '' : `, beside version ${newest}, which tenants have: nothing was changed`
  return `${schema} version ${version} ${done} (${hash})${beside}`
}

function standing({ schema, fromVersion, toVersion, phase, token }: MigrationStatus, called: string): string {
  if (phase === 'done') return `${schema} version ${toVersion} is live; what only version ${fromVersion} needed is gone`
  const confirm = token === null ? '' : ` --confirm ${token}`
  return [
    `${schema} version ${toVersion} is live beside version ${fromVersion}`,
    `the end, when nobody needs version ${fromVersion} any more: backsaas migrate --resume ${called} --contract${confirm}`,
    `the way back: backsaas rollback ${called}`,
  ].join('\n')
}

const HELP = `
Examples:
  backsaas migrate crm.yaml
  backsaas migrate crm.yaml --database postgres://postgres@127.0.0.1:5432/app
  backsaas migrate crm.yaml --database pglite:.backsaas
  backsaas migrate --resume crm --contract
  backsaas migrate --resume acme/crm
  backsaas migrate crm.yaml --concurrency 8 --on-error continue
  backsaas migrate --resume crm --on-error continue
  backsaas migrate crm.yaml --migration-hooks ./hooks.mjs`
