/** Three versions of one entity, each a migration from the one before, as documents and as clients see them. */
import { migrate, migrationStatus, runMigration } from '@backsaas/migrator'
import { startFixture } from '../fixture/start-fixture.ts'
import { catalogueOf } from './copies.ts'
import { renamedConvertedSplit } from './renamed-converted-split.ts'
import type { Faces } from './version-ledger.ts'

const AGE = 'age: { type: integer, required: true }'
const documents = renamedConvertedSplit('crm', AGE, 'kind: { type: enum, values: [a, b, c], default: a }')

export const V1: string = documents.before
export const V2: string = documents.after
/** Fields that version 2 keeps in step are read, and others converted, dropped and made required. */
export const V3: string = V2.replace(
  AGE,
  'age: { type: decimal, required: true, convert: { up: "decimal(age) / decimal(10)", down: "int(age * decimal(10))" } }',
)
  .replace('values: [a, b, c], default: a', 'values: [a, b, c], default: a, required: true, fill: a')
  .replace('      other:', '      initials: { type: string, convert: { up: "first + last" } }\n      other:')

interface Person {
  readonly title: string
  readonly cents: number
  readonly first: string
  readonly last: string
  readonly other: string
  readonly age: number
}

const PARTS = ['title', 'cents', 'first', 'last', 'other', 'age'] as const

export const people: Faces<Person> = {
  entity: 'people',
  parts: PARTS,
  make: (n) => ({ title: `t${n}`, cents: n % 100_000, first: `f${n}`, last: `l${n}`, other: `o${n}`, age: n % 1000 }),
  change(model, part, n) {
    const value = part === 'cents' || part === 'age' ? (n * 31) % 1000 : `${part[0]}${n}`
    return { ...model, [part]: value }
  },
  face(person, version, part) {
    const { title, cents, first, last, other, age } = person
    const older = {
      title: { title },
      cents: { price: cents },
      first: { name: `${first} ${last}` },
      other: { other },
      age: { age },
    }
    const newer = {
      ...{
        title: { heading: title },
        cents: { price: cents / 100 },
        first: { first },
        last: { last },
        other: { other },
      },
      age: { age: version === 2 ? age : age / 10 },
    }
    const faces = version === 1 ? { ...older, last: older.first } : newer
    return part ? faces[part] : Object.assign({}, ...PARTS.map((one) => faces[one]))
  },
}

/** The catalogue after the same versions, each when the one before was over. */
export async function oneAfterTheOther(...sources: readonly string[]): Promise<string> {
  const other = await startFixture({ database: 'postgres', schemas: [V1] })
  try {
    for (const source of sources) {
      await migrate(other.database, source)
      const [status] = await migrationStatus(other.database, { schema: 'crm' })
      await runMigration(other.database, status?.id ?? '', { until: 'done', now: true, token: status?.token ?? '' })
    }
    return await catalogueOf(other.ownerQuery)
  } finally {
    await other.close()
  }
}
