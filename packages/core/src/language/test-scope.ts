/** What policy tests may name: the roles, entities and fields of a schema, compiled or on its way to be. */
import type { CompiledField, CompiledSchema } from '../contracts/compiled.ts'
import type { FixtureRow, Place } from '../contracts/policy-test.ts'
import type { Draft } from './draft.ts'
import { didYouMean } from './nearest-name.ts'
import { type Path, toPointer } from './path.ts'
import type { Locate, ProblemList } from './problem-list.ts'
import type { TestDocument } from './tests-document.ts'

export interface TestScope {
  readonly roles: ReadonlySet<string>
  readonly entities: ReadonlyMap<string, TestEntity>
  readonly problems: ProblemList
  readonly locate: Locate
}

export interface TestEntity {
  readonly name: string
  readonly fields: ReadonlyMap<string, CompiledField>
  /** Whether a field may be missing because it is faulty itself. */
  readonly isFaulty: (field: string) => boolean
}

/** One test of a document, and what is known of it so far. */
export interface TestSite {
  readonly scope: TestScope
  readonly document: TestDocument
  readonly fixtures: readonly FixtureRow[]
  readonly path: Path
}

/** The scope of the tests that a schema holds itself. Needs `resolveExpressions` to have run. */
export function draftTestScope({ document, entities, problems }: Draft, locate: Locate): TestScope {
  const roles = new Set(Object.keys(document.roles ?? {}))
  const scoped = [...entities.values()].map((entity): [string, TestEntity] => {
    const isFaulty = (field: string): boolean => !entity.sound || entity.declared.has(field)
    return [entity.name, { name: entity.name, fields: entity.fields, isFaulty }]
  })
  return { roles, entities: new Map(scoped), problems, locate }
}

/** The scope of tests in a file of their own. */
export function schemaTestScope(schema: CompiledSchema, problems: ProblemList, locate: Locate): TestScope {
  const entities = Object.values(schema.entities).map((entity): [string, TestEntity] => {
    const fields = new Map(Object.entries(entity.fields))
    return [entity.name, { name: entity.name, fields, isFaulty: () => false }]
  })
  return { roles: new Set(Object.keys(schema.roles)), entities: new Map(entities), problems, locate }
}

/** The entity of that name; undefined, and reported, where there is none. */
export function entityAt(scope: TestScope, name: string, path: Path, at: 'key' | 'value'): TestEntity | undefined {
  const entity = scope.entities.get(name)
  if (entity) return entity
  const hint = (): string | undefined => didYouMean(name, scope.entities.keys())
  scope.problems.report({ path, at, code: 'UNKNOWN_ENTITY', message: `there is no entity \`${name}\``, hint })
  return undefined
}

/** The field of that name; undefined, and reported, where there is none. */
export function fieldAt(
  scope: TestScope,
  entity: TestEntity,
  name: string,
  path: Path,
  at: 'key' | 'value',
): CompiledField | undefined {
  const field = entity.fields.get(name)
  if (field || entity.isFaulty(name)) return field
  const message = `\`${entity.name}\` has no field \`${name}\``
  const hint = (): string | undefined => didYouMean(name, entity.fields.keys())
  scope.problems.report({ path, at, code: 'UNKNOWN_FIELD', message, hint })
  return undefined
}

/** The index of the fixture that has the label; undefined, and reported, where none has. */
export function fixtureAt(
  { scope, fixtures }: TestSite,
  entity: string,
  label: string,
  path: Path,
  at: 'key' | 'value',
): number | undefined {
  const index = fixtures.findIndex((row) => row.entity === entity && row.label === label)
  if (index >= 0) return index
  const labels = fixtures.flatMap((row) => (row.entity === entity && row.label !== undefined ? [row.label] : []))
  const hint = (): string | undefined =>
    labels.length > 0
      ? didYouMean(label, labels)
      : `\`fixtures: { ${entity}: { ${label}: { … } } }\` gives a row a label`
  const message = `no fixture of \`${entity}\` has the label \`${label}\``
  scope.problems.report({ path, at, code: 'UNKNOWN_LABEL', message, hint })
  return undefined
}

/** Where a report on what stands at `path` sends its reader. */
export function placeOf({ locate }: TestScope, path: Path): Place {
  return { pointer: toPointer(path), ...locate(path, 'value') }
}
