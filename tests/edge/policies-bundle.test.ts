/** What `policies()` adds to the bundle of a worker: who decides, and nothing that compiles. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WRANGLER_ENV } from './start-worker.ts'

const MAX_KIB = 3
const WORKER = `
import { policies } from '@backsaas/plugins/policies'

const plugin = policies()
export default { fetch: async () => Response.json(await plugin.access.decide({ name: 'x' })) }
`
const WRANGLER = { name: 'policies', main: 'worker.js', compatibility_date: '2026-09-01' }

/** Beside the packages of the tests, so that theirs are found. */
const folder: string = mkdtempSync(join(fileURLToPath(new URL('../node_modules', import.meta.url)), 'policies-'))

beforeAll(() => {
  writeFileSync(join(folder, 'worker.js'), WORKER)
  writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(WRANGLER))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`it is within ${MAX_KIB} KiB gzipped, and holds neither Casbin nor the parser of expressions`, () => {
  const files = bundle(WRANGLER_ENV.WRANGLER_BUILD_CONDITIONS ?? '')
  expect(
    files.filter((file) => /casbin|bufbuild|\/cel\/|\/language\/|compile-decisions|check-policy-write/.test(file)),
  ).toEqual([])
  expect(files.some((file) => file.endsWith('compile-elsewhere.ts'))).toBe(true)
  const kib = gzipSync(readFileSync(join(folder, 'out/worker.js'))).length / 1024
  console.log(`policies(): ${kib.toFixed(1)} KiB gzipped`)
  expect(kib).toBeLessThanOrEqual(MAX_KIB)
})

test('bundled for anything else it holds both, so this test can tell', () => {
  const files = bundle('@backsaas/source,node')
  for (const part of [/casbin/, /bufbuild/, /compile-decisions/])
    expect(files.some((file) => part.test(file))).toBe(true)
})

/** The files that are in the bundle with at least a byte. */
function bundle(conditions: string): readonly string[] {
  const meta = join(folder, 'meta.json')
  const args = ['deploy', '--dry-run', '--outdir', join(folder, 'out'), '--config', join(folder, 'wrangler.json')]
  execFileSync('wrangler', [...args, '--metafile', meta], {
    env: { ...process.env, ...WRANGLER_ENV, WRANGLER_BUILD_CONDITIONS: conditions },
    stdio: 'pipe',
  })
  const { outputs }: Metafile = JSON.parse(readFileSync(meta, 'utf8'))
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
}

/** What esbuild tells of a bundle, as far as it is read here. */
interface Metafile {
  readonly outputs: Record<string, { readonly inputs: Record<string, { readonly bytesInOutput: number }> }>
}
