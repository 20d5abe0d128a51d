/** `backsaas rollout …`: a version to its tenants in waves. */
import type { Json, JsonObject } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import type { RolloutAct } from '@backsaas/migrator'
import { type Command, Option } from 'commander'
import type { Io } from '../io.ts'
import { useDatabase } from '../open-database.ts'
import { askRegistry } from '../registry/ask-registry.ts'
import { openRegistry, type RegistryOptions, withRegistry } from '../registry/registry-access.ts'
import { rolloutLines } from '../registry/rollout-lines.ts'
import { watchRollout } from '../registry/watch-rollout.ts'

interface RolloutOptions extends RegistryOptions {
  readonly owner?: string
}

interface StartOptions extends RolloutOptions {
  readonly to?: string
  readonly waves?: string
  readonly where?: readonly Json[]
  readonly store?: readonly Json[]
  readonly bake?: string
  readonly gate?: readonly string[]
  readonly onSilence?: string
  readonly watch?: true
}

/** Adds the commands to `group`. */
export function addRollout(group: Command, io: Io): void {
  addStart(group, io)
  addStatus(group, io)
  addSteer(group, io, 'pause', 'Nobody moves any more; whoever has moved stays.')
  addSteer(group, io, 'resume', 'Go on where it was paused; one that has halted begins anew.')
  addAdvance(group, io)
  addSteer(group, io, 'abort', 'Everybody who has moved goes back.')
}

function withOwner(command: Command): Command {
  return withRegistry(command, 'both').option(
    '--owner <tenant>',
    'with --database: whose schema it is (default: system)',
  )
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

function addStart(group: Command, io: Io): void {
  // By expression or by store, in the order in which they were given.
  const first: Json[] = []
  const wave =
    (kind: 'where' | 'store') =>
    (value: string): readonly Json[] => {
      first.push({ [kind]: value })
      return first
    }
  const command = group
    .command('start')
    .description('Bring a version that was published with --hold to those who have an older one.')
    .argument('<schema>', 'its name')
    .option('--to <version>', 'the newest that serves unless given')
    .option(
      '--where <cel>',
      "a first wave by an expression over the tenant: slug == 'acme'; may be given again",
      wave('where'),
    )
    .option('--store <name...>', 'a first wave of all tenants in a store; may be given again', wave('store'))
    .option('--waves <percents>', 'the waves after it (default: 1,10,50,100)')
    .option('--bake <time>', 'how long each is looked at: 90s, 10m, 2h (default: 10m)')
    .option(
      '--gate <name=number>',
      'min_requests, error_rate, refusal_rate, p95_ratio, p95_ms; may be given again',
      collect,
    )
    .addOption(new Option('--on-silence <what>', 'where too few ask').choices(['halt', 'continue']))
    .option('--watch', 'follow it to its end')
    .addHelpText('after', HELP)
  withOwner(command).action(async (schema: string, options: StartOptions) => {
    const result = await call('start_rollout', startInput(schema, options), options, command)
    io.out(options.json ? JSON.stringify(result) : startedLine(result))
    if (options.watch) await watchRollout(() => rows(schema, options, command), io, options.json === true)
  })
}

function addStatus(group: Command, io: Io): void {
  const command = group
    .command('status')
    .description('How roll-outs stand: waves, who has moved, how both versions serve.')
    .argument('[schema]', 'its name; all unless given')
    .option('--watch', 'follow the newest to its end')
  withOwner(command).action(async (schema: string | undefined, options: RolloutOptions & { readonly watch?: true }) => {
    if (options.watch) return watchRollout(() => rows(schema, options, command), io, options.json === true)
    const found = await rows(schema, options, command)
    if (options.json) io.out(JSON.stringify(found))
    else io.out(found.length === 0 ? 'there has been no roll-out' : found.flatMap(rolloutLines).join('\n'))
  })
}

function addSteer(group: Command, io: Io, name: 'pause' | 'resume' | 'abort', description: string): void {
  const command = group.command(name).description(description).argument('<schema>', 'its name')
  withOwner(command).action(async (schema: string, options: RolloutOptions) => {
    showSteered(await call(`${name}_rollout`, { schema }, options, command), io, options)
  })
}

function addAdvance(group: Command, io: Io): void {
  const command = group
    .command('advance')
    .description('On to the next wave, whatever this one shows.')
    .argument('<schema>', 'its name')
    .option('--force', 'no gate halts that wave either; one that has halted goes on with the wave that did')
    .option('--reason <text>', 'with --force: why, for the audit log')
  withOwner(command).action(
    async (schema: string, options: RolloutOptions & { readonly force?: true; readonly reason?: string }) => {
      const { force, reason } = options
      if (force && reason === undefined)
        throw new BackSaasError('USAGE', 400, '--force needs a --reason: it stays in the audit log')
      const given = { schema, ...(force && { force }), ...(reason !== undefined && { reason }) }
      showSteered(await call('advance_rollout', given, options, command), io, options)
    },
  )
}

function showSteered(result: JsonObject, io: Io, { json }: RolloutOptions): void {
  const { schema, to_version: version, state, wave, waves } = result
  io.out(json ? JSON.stringify(result) : `${schema} version ${version}: ${state}, wave ${wave} of ${waves}`)
}

function call(kind: RolloutAct, input: JsonObject, options: RolloutOptions, command: Command): Promise<JsonObject> {
  return askRegistry(kind, input, { options, command }, async (url) => {
    const { steerRollout } = await import('@backsaas/migrator')
    return useDatabase(url, (database) => steerRollout(database, kind, input, options.owner))
  })
}

async function rows(
  schema: string | undefined,
  options: RolloutOptions,
  command: Command,
): Promise<readonly JsonObject[]> {
  const access = openRegistry(options, command)
  const { listRollouts, ROLLOUT_FIELDS } = await import('@backsaas/migrator')
  if (access.by === 'database') return useDatabase(access.url, (database) => listRollouts(database, schema))
  const { readRegistry } = await import('../registry/call-registry.ts')
  const which = schema === undefined ? '' : `&schema_name=eq.${encodeURIComponent(schema)}`
  return readRegistry(
    access.client,
    `/rollouts?select=${ROLLOUT_FIELDS.join(',')}&order=created_at.desc&limit=50${which}`,
  )
}

function startInput(schema: string, options: StartOptions): JsonObject {
  const { to, where, store, bake, gate = [], onSilence } = options
  const percents = (options.waves ?? '1,10,50,100').split(',').map((one) => number(one.trim(), '--waves'))
  const gates = { ...Object.fromEntries(gate.map(readGate)), ...(onSilence !== undefined && { on_silence: onSilence }) }
  return {
    schema,
    waves: [...(where ?? store ?? []), ...percents],
    ...(to !== undefined && { to: number(to, '--to') }),
    ...(bake !== undefined && { bake: /^\d+$/.test(bake) ? Number(bake) : bake }),
    ...(Object.keys(gates).length > 0 && { gates }),
  }
}

function readGate(given: string): readonly [string, number] {
  const [name = '', value = ''] = given.split('=', 2)
  return [name, number(value, `--gate ${name}`)]
}

function number(text: string, what: string): number {
  const value = Number(text)
  if (text !== '' && Number.isFinite(value)) return value
  throw new BackSaasError('USAGE', 400, `${what}: ${JSON.stringify(text)} is no number`)
}

function startedLine({ schema, from_version: from, to_version: to, total, waves }: JsonObject): string {
  return `${schema} goes from version ${from} to ${to} in ${waves} waves, ${total} installs; \`backsaas rollout status ${schema} --watch\` follows it`
}

const HELP = `
Examples:
  backsaas migrate crm.yaml --hold
  backsaas rollout start crm --where "slug == 'acme'" --bake 10m --watch
  backsaas rollout start crm --store canary --where "plan == 'free'" --waves 10,100
  backsaas rollout start crm --waves 5,25,100 --gate error_rate=0.005 --gate p95_ratio=1.3`
