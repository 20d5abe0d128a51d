/** The example worker as it would be deployed: complete, and small. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { CONFIG, WRANGLER_ENV } from './start-worker.ts'

const MAX_KIB = 150
const folder: string = mkdtempSync(join(tmpdir(), 'backsaas-edge-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`wrangler bundles it for deployment, within ${MAX_KIB} KiB gzipped`, () => {
  const args = ['deploy', '--dry-run', '--outdir', folder, '--config', CONFIG, '--metafile', join(folder, 'meta.json')]
  const output = execFileSync('wrangler', args, { encoding: 'utf8', env: { ...process.env, ...WRANGLER_ENV } })
  expect(output).toContain('env.HYPERDRIVE')
  const bundle = readFileSync(join(folder, 'worker.js'))
  const kib = gzipSync(bundle).length / 1024
  console.log(`examples/worker-edge: ${(bundle.length / 1024).toFixed(1)} KiB, ${kib.toFixed(1)} KiB gzipped`)
  for (const [name, bytes] of largestParts()) console.log(`  ${name}: ${(bytes / 1024).toFixed(1)} KiB`)
  expect(kib).toBeLessThanOrEqual(MAX_KIB)
})

test('it holds no YAML parser, no schema language, no engine of RE2 and no other database’s client', () => {
  const names = Object.keys(partSizes())
  expect(names).toContain('pg')
  for (const name of ['yaml', 'valibot', 'postgres', '@electric-sql/pglite', '@noble/hashes', 're2js']) {
    expect(names).not.toContain(name)
  }
})

/** Bytes of the bundle by the package that they come from. */
function partSizes(): Record<string, number> {
  const { outputs }: Metafile = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'))
  const sizes: Record<string, number> = {}
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ??
        /packages\/([^/]+)/.exec(file) ?? [null, file]
      sizes[name ?? file] = (sizes[name ?? file] ?? 0) + bytesInOutput
    }
  }
  return sizes
}

function largestParts(): [string, number][] {
  return Object.entries(partSizes())
    .sort(([, a], [, b]) => b - a)
    .slice(0, 6)
}

/** What esbuild tells of a bundle, as far as it is read here. */
interface Metafile {
  readonly outputs: Record<string, { readonly inputs: Record<string, { readonly bytesInOutput: number }> }>
}
