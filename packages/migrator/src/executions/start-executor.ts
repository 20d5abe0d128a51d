/**
 * Does the work of hooks after a write: at least once each, by an id that stays the same. Several may; what one has taken is
 * due again when it dies.
 */
import {
  BackSaasError,
  type Database,
  type FunctionDefinition,
  type HttpClient,
  type Identity,
  type Mailer,
  type Observe,
} from '@backsaas/core'
import { readPlace, refuseForeign } from '../bootstrap/read-place.ts'
import { MIGRATOR_SCOPE, migratorTransaction, ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, readPlatform } from '../registry/platform.ts'
import { createAlarm } from '../waiting/alarm.ts'
import { faultTeller, toStderr } from '../waiting/faults.ts'
import {
  claimExecutions,
  deleteOldExecutions,
  type Execution,
  keepExecutions,
  type Outcome,
  settleExecutions,
} from './execution-rows.ts'
import { createHookFinder } from './find-hook.ts'
import { createSecretReader, type SecretKeys } from './read-secret.ts'
import { runExecution, type Surroundings } from './run-execution.ts'
import { safeHttp } from './safe-http.ts'
import { takeNumbers } from './take-numbers.ts'
import { runScheduled, tellEvents } from './tell-events.ts'
import { createSettingsReader } from './tenant-settings.ts'

export interface ExecutorOptions {
  /**
   * The database that has the registry, where it is another one: what tenants have set and their secrets are read there. What hooks
   * publish and count stays in the database that they wrote to. Default: the same.
   */
  readonly registry?: Database
  /** All that schemas name: as the runtime's. */
  readonly functions: readonly FunctionDefinition[]
  /** A runtime's: what functions ask of the data API goes through it. */
  readonly ask: (identity: Identity, request: Request, depth: number, unruled?: boolean) => Promise<Response>
  /** Default: `safeHttp()`. */
  readonly http?: HttpClient
  /** Default: none, and what sends letters over SMTP is tried again. */
  readonly mail?: Mailer
  /** Open secrets; without them a function that needs one fails. */
  readonly secrets?: SecretKeys
  /** How many at once. Default 64. */
  readonly concurrency?: number
  /** How many of one tenant at once. Default 16. */
  readonly perTenant?: number
  /** Of one attempt. Default 15,000. */
  readonly timeoutMs?: number
  /** Default 12: with growing pauses, about two hours. */
  readonly attemptsMax?: number
  /** How long what a worker has taken stays its own when it dies. Default 30,000. */
  readonly leaseMs?: number
  /** The longest pause between two looks while nothing is due. Default 1,000. */
  readonly idleMs?: number
  /** How long executions are kept: those done, and those dead. Default 7 and 30. */
  readonly keepDays?: { readonly done: number; readonly dead: number }
  /** Told of failures on our side. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Executor {
  /** Looks for work now: for who has just written in this process. */
  kick(): void
  /** Ends after the attempts under way. */
  close(): Promise<void>
}

const FIRST_PAUSE_MS = 50
const CLEANED_EVERY_MS = 3_600_000

/**
 * @throws `NOT_BOOTSTRAPPED` (503); `HOME_NEEDED` (503) where the registry is in another database, and was not given;
 *   `DATABASE_TAKEN` (409) where it is another platform's.
 * @example const executor = await startExecutor(database, { functions: functions().functions, ask: runtime.ask })
 * @example const executor = await startExecutor(eu, { registry: database, functions: functions().functions, ask: runtime.ask })
 */
export async function startExecutor(database: Database, options: ExecutorOptions): Promise<Executor> {
  const {
    registry = database,
    concurrency = 64,
    perTenant = 16,
    leaseMs = 30_000,
    idleMs = 1_000,
    observe = toStderr('functions'),
  } = options
  const connection = () => database.open(MIGRATOR_SCOPE, 'migrator')
  const onFault = faultTeller(observe, 'EXECUTOR_FAILED')
  let platform: Platform = await migratorTransaction(database, async (transaction) => {
    const name = (await readPlace(transaction))?.name ?? null
    if (name !== null && registry === database) throw homeNeeded(name)
    return readPlatform(transaction)
  })
  if (registry !== database) await refuseForeign(database, registry)
  let home: Platform = registry === database ? platform : await migratorTransaction(registry, readPlatform)
  const findHook = createHookFinder(options.functions)
  const secretOf = createSecretReader(registry, () => home, options.secrets)
  const inRegistry = () => registry.open(MIGRATOR_SCOPE, 'migrator')
  const settingsOf = createSettingsReader(inRegistry, () => home)
  const surroundings: Surroundings = {
    ask: options.ask,
    http: options.http ?? safeHttp(),
    mail: options.mail ?? null,
    secret: (tenantId, name) => ofRegistry(secretOf(tenantId, name)),
    settings: (tenantId, name) => ofRegistry(settingsOf(tenantId, name)),
    next: (tenantId, counter, count) => takeNumbers(connection(), platform, tenantId, counter, count),
    tell: (execution, events, source) => tellEvents(connection(), platform, execution, events, source),
    runScheduled: (execution) => runScheduled(connection(), platform, execution),
    observe,
    timeoutMs: options.timeoutMs ?? 15_000,
    attemptsMax: options.attemptsMax ?? 12,
  }
  const held = new Map<Execution, Promise<void>>()
  const ended: Outcome[] = []
  let pauseMs = FIRST_PAUSE_MS
  const alarm = createAlarm()
  let closing = false
  let cleanedAtMs = Date.now()

  async function run(): Promise<void> {
    while (!closing || held.size > 0 || ended.length > 0) {
      alarm.set()
      await attempt(settle)
      const taken = closing ? 0 : await attempt(claim)
      await attempt(clean)
      if (taken > 0) pauseMs = FIRST_PAUSE_MS
      if (alarm.hasRung || ended.length > 0 || (taken > 0 && held.size < concurrency)) continue
      await alarm.wait(pauseMs)
      pauseMs = Math.min(pauseMs * 2, idleMs)
    }
  }

  async function claim(): Promise<number> {
    const free = concurrency - held.size
    if (free <= 0) return 0
    const found = await claimExecutions(connection(), platform, { leaseMs, perTenant, max: free })
    for (const execution of found) start(execution)
    return found.length
  }

  function start(execution: Execution): void {
    const work = runExecution(execution, () => findHook(connection(), execution), surroundings).then((outcome) => {
      held.delete(execution)
      ended.push(outcome)
      kick()
    })
    held.set(execution, work)
  }

  /** All that have ended since are one statement. */
  async function settle(): Promise<number> {
    const outcomes = ended.splice(0)
    if (outcomes.length === 0) return 0
    try {
      await settleExecutions(connection(), platform, outcomes)
    } catch (error) {
      ended.push(...outcomes)
      throw error
    }
    return outcomes.length
  }

  async function clean(): Promise<number> {
    if (Date.now() - cleanedAtMs < CLEANED_EVERY_MS) return 0
    cleanedAtMs = Date.now()
    const { done = 7, dead = 30 } = options.keepDays ?? {}
    await connection().batch([ROW_SECURITY, deleteOldExecutions(platform, { doneDays: done, deadDays: dead })])
    return 0
  }

  /** The platform's own mapping may have moved on. */
  async function attempt(work: () => Promise<number>): Promise<number> {
    try {
      return await work()
    } catch (error) {
      onFault(error)
      platform = await migratorTransaction(database, readPlatform).catch(() => platform)
      if (registry === database) home = platform
      await alarm.wait(idleMs)
      return 0
    }
  }

  /** The same of the registry's, where it is another one: the next attempt at the execution knows. */
  async function ofRegistry<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (registry !== database) home = await migratorTransaction(registry, readPlatform).catch(() => home)
      throw error
    }
  }

  function kick(): void {
    pauseMs = FIRST_PAUSE_MS
    alarm.ring()
  }

  const keeping = setInterval(() => {
    if (held.size > 0) keepExecutions(connection(), platform, [...held.keys()], leaseMs).catch(() => undefined)
  }, leaseMs / 3)
  keeping.unref()
  const running = run()
  let closed: Promise<void> | null = null
  return {
    kick,
    close() {
      closing = true
      kick()
      closed ??= running.finally(() => clearInterval(keeping))
      return closed
    },
  }
}

/** What a tenant has set would be passed over in silence. */
function homeNeeded(name: string): BackSaasError {
  return new BackSaasError(
    'HOME_NEEDED',
    503,
    `the registry of the database ${JSON.stringify(name)} is in another one`,
    {
      hint: 'give both: startExecutor(database, { registry: home, … })',
    },
  )
}
