/** A process that looks for pins to remind of, again and again, until it is killed: `node reminding-process.ts URL`. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { startReminders } from '@backsaas/migrator'

const database = postgres(process.argv[2] ?? '')
await startReminders(database, { intervalMs: 1 })
process.stdout.write('looking\n')
