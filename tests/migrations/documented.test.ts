/** Whatever a migration may say that it waits for stands in its documentation, with what to do about it. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

/** Of a problem as data, or of rows in the way. */
function saidIn(folder: string): readonly string[] {
  const files = readdirSync(new URL(folder, ROOT)).filter((name) => name.endsWith('.ts') && !name.includes('.test.'))
  const texts = files.map((name) => read(`${folder}/${name}`)).join('\n')
  const problems = [...texts.matchAll(/\bcode: '([A-Z_]{4,})'/g)].map(([, code]) => code ?? '')
  const refusals = [...texts.matchAll(/BackSaasError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code ?? '')
  return [...new Set([...problems, ...refusals])]
}

/** Of who asks for what is not there, and of what cannot be. */
const ELSEWHERE = [
  'MIGRATION_UNKNOWN',
  'MIGRATION_NONE',
  'MIGRATION_STOPPED',
  'PARKED_UNKNOWN',
  'NOT_INTERACTIVE',
  'INTERNAL',
]

test('each code that a migration may say', () => {
  const documented = read('docs/migrations.md')
  const blockers =
    /interface Blockers \{\s+readonly code: ([^\n]+)/.exec(read('packages/migrator/src/plan/steps.ts'))?.[1] ?? ''
  const ofRows = [...blockers.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code ?? '')
  const said = [...saidIn('packages/migrator/src/execute'), ...ofRows]
  expect(said).toEqual(expect.arrayContaining(['INSTALLS_PINNED', 'DUPLICATES', 'LEASE_LOST']))
  expect(said.filter((code) => !documented.includes(`\`${code}\``) && !ELSEWHERE.includes(code))).toEqual([])
  expect(ELSEWHERE.filter((code) => !said.includes(code))).toEqual([])
})
