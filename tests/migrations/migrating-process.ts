/** The migrator's runner of migrations as a process of its own, until it is asked to stop: `node migrating-process.ts URL CONCURRENCY`. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { startMigrations } from '@backsaas/migrator'

const [url = '', concurrency = '1'] = process.argv.slice(2)
const database = postgres(url)
const migrations = await startMigrations(database, { intervalMs: 50, concurrency: Number(concurrency) })
process.stdout.write('ready\n')
process.once('SIGTERM', async () => {
  await migrations.close()
  await database.close?.()
  process.exit(0)
})
