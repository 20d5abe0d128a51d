/** `backsaas function work`: the process that does what hooks do after writes. */
import { memory } from '@backsaas/adapters/buses/memory'
import type { Command } from 'commander'
import { type CuratedOptions, curated, withFunctions } from '../curated.ts'
import { type Close, closeAll } from '../dev/close-all.ts'
import { logRequests } from '../dev/log-requests.ts'
import type { Io } from '../io.ts'
import { beginInEach } from '../migrator/begin-in-each.ts'
import { type DatabaseOptions, openDatabase, withDatabase } from '../open-database.ts'
import { readOutside } from '../outside.ts'

interface WorkOptions extends DatabaseOptions, CuratedOptions {
  readonly allow?: readonly string[]
}

/** Adds the command to `program`. */
export function addFunctionWork(program: Command, io: Io): void {
  const command = program
    .command('work')
    .description('Do what hooks do after writes, until the process is asked to stop. Several may run.')
    .option('--allow <address...>', 'addresses inside that functions may reach, as 10.1.0.0/16 (default: none)')
  withDatabase(withFunctions(command)).action((options: WorkOptions) => work(options, io))
}

async function work(options: WorkOptions, io: Io): Promise<void> {
  const stopped = io.untilStopped()
  const { startExecutor } = await import('@backsaas/migrator')
  const { createRuntime } = await import('@backsaas/runtime')
  const { policies } = await import('@backsaas/plugins/policies')
  const { openNamed } = await import('../open-named.ts')
  const observe = logRequests('none', io)
  const open: Close[] = []
  try {
    const functions = await curated(options)
    const { outside, worker } = await readOutside(io.env, options.allow)
    const database = await openDatabase(options.database)
    // What functions ask of the data API goes through a runtime of their own, which closes the databases.
    const runtime = createRuntime({
      ...{ database, databases: openNamed(io.env), bus: memory(), observe, outside },
      plugins: [policies(), functions],
    })
    open.push(() => runtime.close())
    await runtime.ready()
    const work = { ...worker, functions: functions.functions, ask: runtime.ask }
    const executor = await startExecutor(database, { ...work, observe })
    open.push(executor.close)
    const named = openNamed(io.env)
    open.push(...Object.values(named).map((one) => async () => one.close?.()))
    open.push(
      beginInEach(named, observe, (_name, one, told) => [
        () => startExecutor(one, { ...work, observe: told, registry: database }),
      ]),
    )
    io.out('working; Ctrl-C ends after what is under way')
    await stopped
  } finally {
    await closeAll(open)
  }
}
