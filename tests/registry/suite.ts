/** The registry over HTTP, on any database. */
import { afterAll, beforeAll, describe } from 'vitest'
import { asking } from './asking.ts'
import { dryRun } from './dry-run.ts'
import { jsonSchema } from './json-schema.ts'
import { migrating } from './migrating.ts'
import { pinning } from './pinning.ts'
import { platform } from './platform.ts'
import { publishing } from './publishing.ts'
import { sharing } from './sharing.ts'
import type { Registry } from './start-registry.ts'

export function registrySuite(name: string, start: () => Promise<Registry>): void {
  describe(`the registry on ${name}`, () => {
    let registry: Registry | undefined
    const lend = (): Registry => {
      if (!registry) throw new Error('the registry is asked for before it has started')
      return registry
    }
    beforeAll(async () => {
      registry = await start()
    })
    afterAll(() => registry?.close())
    describe('publishing', () => publishing(lend))
    describe('migrating', () => migrating(lend))
    describe('dry runs', () => dryRun(lend))
    describe('pinning', () => pinning(lend))
    describe('asking', () => asking(lend))
    describe('sharing', () => sharing(lend))
    describe('the platform', () => platform(lend))
    describe('the JSON Schema', () => jsonSchema(lend))
  })
}
