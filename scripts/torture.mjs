/** `npm run torture`: the migrator's proofs at full size; each can be run alone: `npm run torture -- pairs`. Takes hours. */
import { spawnSync } from 'node:child_process'

const SUITES = {
  pairs: 'packages/migrator/src/pairs.postgres.test.ts',
  load: 'tests/migrations/under-load.postgres.test.ts',
  killed: 'tests/migrations/killed.postgres.test.ts',
  safeguards: 'tests/migrations/can-fail.postgres.test.ts',
  examples: 'tests/migrations/examples.postgres.test.ts',
}
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(SUITES, name))
if (unknown.length > 0) {
  process.stderr.write(`no such suite: ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}\n`)
  process.exit(2)
}
const files = Object.entries(SUITES).flatMap(([name, file]) =>
  asked.length === 0 || asked.includes(name) ? [file] : [],
)
const summary = []
for (const file of files) {
  const startedAt = Date.now()
  const { status } = spawnSync('node_modules/.bin/vitest', ['run', file], {
    stdio: 'inherit',
    env: { ...process.env, BACKSAAS_TORTURE: '1' },
  })
  summary.push({
    suite: file,
    result: status === 0 ? 'passed' : 'failed',
    minutes: Math.round((Date.now() - startedAt) / 6000) / 10,
  })
}
console.table(summary)
process.exitCode = summary.every(({ result }) => result === 'passed') ? 0 : 1
