/** A migrator as a process of its own, which dies at a statement: `node killed-migrator.ts URL ID UNTIL TOKEN AT WHEN`. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { runMigration } from '@backsaas/migrator'
import { withKillPoint } from './kill-point.ts'

const [url = '', id = '', until = 'live', token = '', at = '0', when = 'before'] = process.argv.slice(2)
const kill = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}
let ranges = 0
const database = withKillPoint(postgres(url), {
  at: Number(at),
  when: when === 'after' ? 'after' : 'before',
  kill,
  counted: (_n, text) => {
    // `range:3`: while the third range of rows is filled, and nothing of it committed.
    if (at.startsWith('range:') && / as t set /.test(text) && ++ranges === Number(at.slice(6))) void kill()
  },
})
await runMigration(database, id, { until: until === 'done' ? 'done' : 'live', now: true, token, leaseMs: 300 })
process.exit(0)
