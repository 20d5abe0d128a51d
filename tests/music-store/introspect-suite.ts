/** Reading a schema back from the tables that it made. */
import { readFileSync } from 'node:fs'
import type { CompiledEntity, CompiledRelation, CompiledSchema } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { introspect } from '../../packages/cli/src/introspect/run-introspect.ts'
import { SCOPE } from '../fixture/start-fixture.ts'
import { SCHEMA_PATH, STORE_SCHEMA, type StoreFixture, startStore } from './store-fixture.ts'

/** Reads the schema of a database that the migrator made, and compares. */
export function introspectSuite(database: 'pglite' | 'postgres'): void {
  describe(`introspect on ${database}`, () => {
    let store: StoreFixture
    beforeAll(async () => {
      store = await startStore(database)
    })
    afterAll(() => store.close())

    test('the tables of the music store give an equivalent schema', async () => {
      const original = compileSchema(readFileSync(SCHEMA_PATH, 'utf8'))
      const read = await introspect(store.database.open(SCOPE, 'owner'), {
        pgSchema: STORE_SCHEMA,
        name: original.name,
        tables: null,
      })
      expect(read.notes).toEqual([])
      expect(essence(compileSchema(read.yaml))).toEqual(essence(original))
    })
  })
}

/** A schema without descriptions, order, and the names of relations that no column tells. */
export function essence(schema: CompiledSchema): Record<string, unknown> {
  return Object.fromEntries(Object.values(schema.entities).map((entity) => [entity.name, essenceOf(entity)]))
}

function essenceOf({ key, fields, relations, unique, indexes }: CompiledEntity): Record<string, unknown> {
  const sides = Object.values(relations).map(derivable)
  const sorted = (sets: readonly (readonly string[])[]): string[] => sets.map((set) => set.join()).toSorted()
  return {
    key,
    fields: Object.fromEntries(Object.values(fields).map(({ description: _text, ...field }) => [field.name, field])),
    relations: sides.toSorted((a, b) => `${a.key} ${a.kind}`.localeCompare(`${b.key} ${b.kind}`)),
    unique: sorted(unique),
    indexes: sorted(indexes),
  }
}

/** `album_id` tells `album`; of `reports_to` the tables do not say that it is `manager`, and `reports` from behind. */
function derivable({ name, ...side }: CompiledRelation): Partial<CompiledRelation> & { readonly key: string } {
  const [field = ''] = side.kind === 'one' ? side.from : side.to
  return field.endsWith('_id') ? { ...side, name } : side
}
