/** The music store served over a real port, with the command line beside it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '@backsaas/cli'
import { listen } from '../../packages/cli/src/dev/listen.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

export const SCHEMA_PATH: string = fileURLToPath(new URL('../../examples/music-store/schema.yaml', import.meta.url))
export const SEED_PATH: string = fileURLToPath(new URL('../../examples/music-store/seed.json', import.meta.url))

/** Where the migrator puts the tables of pooled schemas. */
export const STORE_SCHEMA = 'backsaas_00000000000070008000000000000004'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface StoreFixture extends Fixture {
  /** A folder for the test file's own files. */
  readonly folder: string
  /** Runs `backsaas` with the arguments. */
  cli(args: readonly string[]): Promise<Ran>
  /** The options by which a command reaches a tenant. */
  access(tenant: Caller): readonly string[]
}

/** @example const store = await startStore('pglite') */
export async function startStore(database: 'pglite' | 'postgres'): Promise<StoreFixture> {
  const fixture = await startFixture({ database, schemas: [readFileSync(SCHEMA_PATH, 'utf8')] })
  const listener = await listen(0, '127.0.0.1')
  listener.serve((request) => fixture.runtime.fetch(request))
  const folder = mkdtempSync(join(tmpdir(), 'backsaas-music-store-'))
  return {
    ...fixture,
    folder,
    cli,
    access: (tenant) => ['--url', `${listener.url}/t/${tenant.slug}/rest/v1`, '--key', tenant.key],
    async close() {
      await listener.close()
      await fixture.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function cli(args: readonly string[]): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const code = await run(args, {
    env: {},
    isTty: false,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    untilStopped: () => new Promise(() => {}),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
