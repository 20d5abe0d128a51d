/** `npm test`: installs what is missing, then lint, types, architecture, unit and integration tests, and a summary. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { prepare, root, run } from './prepare.mjs'
import { probePostgres, probeRedis } from './probe.mjs'

/** What suites may need besides Node; a file named `*.<name>.test.ts` needs that service. */
const SERVICES = [
  {
    name: 'postgres',
    variable: 'BACKSAAS_TEST_DATABASE_URL',
    fallback: 'postgres://postgres@127.0.0.1:5432/postgres',
    probe: probePostgres,
  },
  { name: 'redis', variable: 'REDIS_URL', fallback: 'redis://127.0.0.1:6379', probe: probeRedis },
]

/** Characters of a failed test's reason that the summary repeats. */
const SHOWN_OF_A_REASON = 3000

await main()

async function main() {
  const env = prepare()
  const missing = await missingServices(env)
  if (missing.length > 0 && isCi(env)) {
    for (const { name, reason } of missing) console.error(`${name} is not reachable: ${reason} (CI=true needs it)`)
    process.exit(1)
  }
  const reports = mkdtempSync(join(tmpdir(), 'backsaas-test-'))
  try {
    const steps = runSteps(env, missing, reports)
    const failed = summarise(steps, missing, reports)
    process.exitCode = failed ? 1 : 0
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
}

/** Puts each service's URL into `env`, and answers those that do not, with the reason. */
async function missingServices(env) {
  const missing = []
  for (const { name, variable, fallback, probe } of SERVICES) {
    env[variable] ??= fallback
    const reason = await probe(env[variable]).catch((error) => `${variable}: ${error.message}`)
    if (reason !== null) missing.push({ name, reason })
  }
  return missing
}

function isCi(env) {
  return env.CI !== undefined && !['', '0', 'false'].includes(env.CI)
}

/** Every step runs, whether or not one before it failed: one run tells all. */
function runSteps(env, missing, reports) {
  const testEnv = { ...env, BACKSAAS_TEST_WITHOUT: missing.map(({ name }) => name).join(',') }
  const integration = foldersOf('tests').filter((path) => path !== 'tests/architecture/')
  return [
    runStep('lint', ['biome', 'check', '--error-on-warnings', '.'], env),
    runStep('types', ['tsc', '--noEmit', '-p', 'tsconfig.json'], env),
    runStep('architecture', vitest('architecture', ['tests/architecture/'], reports), testEnv),
    runStep('unit', vitest('unit', [...foldersOf('packages'), ...foldersOf('examples')], reports), testEnv),
    runStep('integration', vitest('integration', integration, reports), testEnv),
  ]
}

/** With a slash at their ends, since vitest takes a path for any part of a file's: `packages` would be `tests/packages` too. */
function foldersOf(parent) {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map(({ name }) => `${parent}/${name}/`)
}

function vitest(step, paths, reports) {
  const report = join(reports, `${step}.json`)
  const options = ['--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  return ['vitest', 'run', ...options, ...paths.map((path) => join(root, path))]
}

function runStep(name, command, env) {
  console.log(`\n── ${name} ──`)
  const start = performance.now()
  const [tool, ...args] = command
  const { status, error } = run(tool, args, env)
  if (error) console.error(error.message)
  return { name, passed: status === 0, seconds: (performance.now() - start) / 1000 }
}

/** Prints what ran, what was skipped and the totals; answers whether anything failed. */
function summarise(steps, missing, reports) {
  console.log('\n── summary ──')
  for (const { name, passed, seconds } of steps) {
    console.log(`${passed ? 'passed' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)`)
  }
  for (const { name, reason } of missing) {
    const files = suitesNeeding(name)
    console.log(
      `\nskipped, because ${name} is not reachable (${reason}):${files.length > 0 ? '' : ' no suite needs it'}`,
    )
    for (const file of files) console.log(`  ${file}`)
  }
  const results = readReports(reports)
  const skippedTests = listSkipped(results)
  if (skippedTests.length > 0) console.log('\nskipped tests:')
  for (const name of skippedTests) console.log(`  ${name}`)
  const failedTests = listFailed(results)
  if (failedTests.length > 0) console.log('\nfailed tests:')
  for (const { name, message } of failedTests) console.log(`  ${name}\n${indented(message)}`)
  const { passed, failed, skipped } = totals(results)
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed > 0 || steps.some((step) => !step.passed)
}

/** The test files that need a service, found by their names. */
function suitesNeeding(service) {
  return ['packages', 'examples', 'tests']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(`.${service}.test.ts`) && !file.includes('node_modules'))
    .sort()
}

/** What vitest wrote, a report for each step that ran tests. */
function readReports(folder) {
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
}

/** Tests that did not run within suites that did: file and name. */
function listSkipped(reports) {
  return reports.flatMap(({ testResults }) =>
    testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => !['passed', 'failed'].includes(status))
        .map(({ fullName }) => `${relative(root, name)}  ${fullName.trim()}`),
    ),
  )
}

/** Tests that failed, and files that failed before they had any: file, name, and the reason once more, cut where it is long. */
function listFailed(reports) {
  return reports.flatMap(({ testResults }) =>
    testResults.flatMap(({ name, status, message, assertionResults }) => {
      const file = relative(root, name)
      if (status === 'failed' && assertionResults.length === 0) return [{ name: file, message }]
      return assertionResults
        .filter((test) => test.status === 'failed')
        .map((test) => ({ name: `${file}  ${test.fullName.trim()}`, message: test.failureMessages.join('\n') }))
    }),
  )
}

function indented(text) {
  const shown = text.length > SHOWN_OF_A_REASON ? `${text.slice(0, SHOWN_OF_A_REASON)} …` : text
  return shown.replace(/^/gm, '    ')
}

/** Sums the reports; a file that fails before it has any test counts as one failure. */
function totals(reports) {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const report of reports) {
    sum.passed += report.numPassedTests
    sum.failed += report.numFailedTests
    sum.skipped += report.numPendingTests + report.numTodoTests
    sum.failed += report.testResults.filter(
      (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
    ).length
  }
  return sum
}
