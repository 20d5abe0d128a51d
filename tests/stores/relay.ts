/** A relay from one database into another, in a process of its own, made to be killed: it says `there` between sending and marking, and stays. */
import { writeSync } from 'node:fs'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { intoOutbox, startRelay } from '@backsaas/migrator'

const [homeUrl, euUrl] = process.argv.slice(2)
if (!homeUrl || !euUrl) throw new Error('usage: relay.ts HOME_URL EU_URL')

const home = intoOutbox(postgres(homeUrl))
await startRelay(
  postgres(euUrl),
  {
    ...home,
    async insert(rows) {
      await home.insert(rows)
      writeSync(1, 'there\n')
      await new Promise(() => setInterval(() => {}, 1000))
    },
  },
  { leaseMs: 250, intervalMs: 50, observe: () => {} },
)
