/** What `auth()` adds to the bundle of a worker. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { WRANGLER_ENV } from './start-worker.ts'

const MAX_KIB = 16
const WORKER = `
import { auth } from '@backsaas/plugins/auth'

const plugin = auth({ issuers: [{ issuer: 'https://id.example.com', audience: 'crm', jwks: 'https://id.example.com/jwks' }] })
export default { fetch: async (request) => Response.json(await plugin.stages.identify(request, {})) }
`
const WRANGLER = { name: 'auth', main: 'worker.js', compatibility_date: '2026-09-01', minify: true }

/** Beside the packages of the tests, so that theirs are found. */
const folder: string = mkdtempSync(join(fileURLToPath(new URL('../node_modules', import.meta.url)), 'auth-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`it is within ${MAX_KIB} KiB gzipped`, () => {
  writeFileSync(join(folder, 'worker.js'), WORKER)
  writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(WRANGLER))
  const args = ['deploy', '--dry-run', '--outdir', join(folder, 'out'), '--config', join(folder, 'wrangler.json')]
  execFileSync('wrangler', args, { env: { ...process.env, ...WRANGLER_ENV }, stdio: 'pipe' })
  const kib = gzipSync(readFileSync(join(folder, 'out/worker.js'))).length / 1024
  console.log(`auth(): ${kib.toFixed(1)} KiB gzipped`)
  expect(kib).toBeLessThanOrEqual(MAX_KIB)
})
