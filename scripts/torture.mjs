/** `npm run torture`: the migrator's proofs at full size, and one summary of what they did. `npm run torture -- --help` has the sizes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** By the beginnings of their files' paths. */
const SUITES = {
  pairs: ['packages/migrator/src/pairs.'],
  stacked: ['packages/migrator/src/stacked.', 'tests/migrations/killed-stacked.', 'tests/migrations/stacked.'],
  load: ['tests/migrations/under-load.'],
  kinds: ['tests/migrations/examples-under-load.'],
  hooks: ['tests/migrations/hook'],
  killed: ['tests/migrations/killed.'],
  safeguards: ['tests/migrations/can-fail.'],
  tenants: ['tests/migrations/tenants-apart.'],
  stores: ['tests/stores/'],
  examples: ['tests/migrations/examples.'],
}
/** Flag → the variable that the suites read; defaults are theirs. */
const SIZES = {
  pairs: 'BACKSAAS_PAIRS',
  stacked: 'BACKSAAS_STACKED',
  seed: 'BACKSAAS_SEED',
  transactions: 'BACKSAAS_TORTURE_TRANSACTIONS',
  rows: 'BACKSAAS_TORTURE_ROWS',
  kills: 'BACKSAAS_TORTURE_KILLS',
  every: 'BACKSAAS_TORTURE_EVERY',
}
const HELP = `npm run torture [-- SUITES OPTIONS]

  SUITES                 ${Object.keys(SUITES).join(', ')}; all of them
  --pairs 2000           random pairs of schemas
  --stacked 500          random changes over a migration that waits
  --seed 1               of the pairs, and of these
  --transactions 200000  that ledgers acknowledge: half in the stories of one change, half over all kinds of change
  --rows 200000          of the table whose backfill is killed
  --kills 5              of the migrator, and of its backend, inside a range of that table
  --every 1              before and after each n-th statement the migrator, and its backend, are killed
  --json                 the summary as JSON, and nothing else, on stdout

Postgres: BACKSAAS_TEST_DATABASE_URL.
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...Object.fromEntries(Object.keys(SIZES).map((name) => [name, { type: 'string' }])),
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const wrong = [
  ...positionals.filter((name) => !Object.hasOwn(SUITES, name)).map((name) => `no such suite: ${name}`),
  ...Object.keys(SIZES)
    .filter((name) => values[name] !== undefined && !/^[1-9]\d*$/.test(values[name]))
    .map((name) => `--${name} is a number from 1 on`),
]

if (values.help) process.stdout.write(HELP)
else if (wrong.length > 0) {
  process.stderr.write(`${wrong.join('\n')}\n\n${HELP}`)
  process.exitCode = 2
} else process.exitCode = main() ? 0 : 1

/** @returns whether all of it passed. */
function main() {
  const names = positionals.length > 0 ? positionals : Object.keys(SUITES)
  const folder = mkdtempSync(join(tmpdir(), 'backsaas-torture-'))
  try {
    const suites = names.map((name) => runSuite(name, folder))
    const summary = {
      passed: suites.every(({ failed, passed }) => failed === 0 && passed > 0),
      ...totals(suites),
      suites,
    }
    if (values.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`)
    else print(summary)
    return summary.passed
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runSuite(suite, folder) {
  const startedAt = Date.now()
  const report = join(folder, `${suite}.json`)
  const sizes = Object.entries(SIZES).flatMap(([name, variable]) =>
    values[name] === undefined ? [] : [[variable, values[name]]],
  )
  spawnSync(
    'node_modules/.bin/vitest',
    ['run', ...SUITES[suite], '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    {
      // What suites print is no part of the summary.
      stdio: ['inherit', values.json ? 2 : 'inherit', 'inherit'],
      env: { ...process.env, BACKSAAS_TORTURE: '1', ...Object.fromEntries(sizes) },
    },
  )
  const tests = readTests(report)
  const count = (status) => tests.filter((test) => test.status === status).length
  return {
    suite,
    passed: count('passed'),
    // One that wrote no report is a failure of its own.
    failed: tests.length === 0 ? 1 : tests.length - count('passed') - count('skipped') - count('pending'),
    skipped: count('skipped') + count('pending'),
    minutes: Math.round((Date.now() - startedAt) / 6000) / 10,
    figures: Object.fromEntries(
      tests.flatMap(({ title, meta }) => (meta?.figures === undefined ? [] : [[title, meta.figures]])),
    ),
  }
}

function readTests(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(({ assertionResults }) => assertionResults)
  } catch (error) {
    process.stderr.write(`no report: ${error.message}\n`)
    return []
  }
}

/** What is counted in several suites, together. */
function totals(suites) {
  const figures = suites.flatMap((suite) => Object.values(suite.figures))
  const sum = (name) => figures.reduce((total, one) => total + (one[name] ?? 0), 0)
  return {
    pairs: sum('pairs'),
    transactions: sum('transactions'),
    unexpected_errors: sum('errors'),
    processes_killed: sum('processes_killed'),
    backends_killed: sum('backends_killed'),
  }
}

function print({ suites, passed, ...counted }) {
  for (const { figures } of suites) {
    for (const [title, figure] of Object.entries(figures)) {
      process.stdout.write(`${title}: ${JSON.stringify(figure).replaceAll('"', '').replaceAll(',', ', ')}\n`)
    }
  }
  console.table(suites.map(({ figures, ...suite }) => suite))
  for (const [what, n] of Object.entries(counted)) process.stdout.write(`${what.replaceAll('_', ' ')}: ${n}\n`)
  process.stdout.write(passed ? 'passed\n' : 'FAILED\n')
}
