/** Rows of policy tests: values that suit their fields. */
import type { CompiledField } from '../contracts/compiled.ts'
import type { Json, JsonObject } from '../contracts/json.ts'
import type { FixtureRow } from '../contracts/policy-test.ts'
import { show } from './describe-issue.ts'
import { type Literal, literalOf } from './literals.ts'
import type { Path } from './path.ts'
import { entityAt, fieldAt, type TestEntity, type TestScope } from './test-scope.ts'
import type { RowDocument, TestDocument } from './tests-document.ts'

/** Types that no default can be of: any text will do here, and Postgres reads it. */
const TEXT_FORMS: ReadonlySet<string> = new Set([
  'bytes',
  'integer_range',
  'decimal_range',
  'date_range',
  'timestamp_range',
])
const ROWS_MAX = 1000

/** The rows to insert, in the order of the document. */
export function readFixtures(scope: TestScope, fixtures: TestDocument['fixtures'], path: Path): readonly FixtureRow[] {
  const all = Object.entries(fixtures ?? {}).flatMap(([name, rows]) => {
    const place = [...path, name]
    const entity = entityAt(scope, name, place, 'key')
    if (!entity) return []
    return Object.entries(rows).map(([key, row]): FixtureRow => {
      const isList = Array.isArray(rows)
      const at = [...place, isList ? Number(key) : key]
      const values = readRow(scope, entity, row, at, 'stored')
      checkRequired(scope, entity, values, at)
      return { entity: name, ...(!isList && { label: key }), values }
    })
  })
  if (all.length > ROWS_MAX) {
    const message = `a test has at most ${ROWS_MAX} fixtures`
    scope.problems.report({ path, at: 'key', code: 'TOO_MANY_ROWS', message })
  }
  return all
}

/** @param as `stored`: a row that is there; `given`: what a caller sends, right or wrong. */
export function readRow(
  scope: TestScope,
  entity: TestEntity,
  row: RowDocument,
  path: Path,
  as: 'stored' | 'given',
): JsonObject {
  const values: Record<string, Json> = Object.create(null)
  for (const [name, value] of Object.entries(row)) {
    const place = [...path, name]
    const field = fieldAt(scope, entity, name, place, 'key')
    if (field?.computed && as === 'stored') {
      const message = `\`${name}\` is computed, so that no row can give it`
      scope.problems.report({ path: place, at: 'key', code: 'NOT_APPLICABLE', message })
    } else if (field) {
      const { literal = null, fault } = readValue(field, value)
      values[name] = literal
      if (fault !== undefined) {
        const message = `the value does not fit: ${fault}`
        scope.problems.report({ path: place, code: 'VALUE_INVALID', message })
      }
    }
  }
  return values
}

function readValue(field: CompiledField, value: unknown): Literal {
  if (!TEXT_FORMS.has(field.type) || value === null) {
    return literalOf({ type: field.type, list: field.list, values: new Set(field.values) }, value)
  }
  const texts = field.list ? value : [value]
  const fits = Array.isArray(texts) && texts.every((text) => typeof text === 'string')
  if (fits) return { literal: field.list ? texts : (texts[0] as string) }
  return { fault: `expected ${field.list ? 'a list of texts' : 'a text'}, found ${show(value)}` }
}

function checkRequired(scope: TestScope, entity: TestEntity, values: JsonObject, path: Path): void {
  const missing = [...entity.fields.values()].filter(
    ({ name, required, default: given }) => required && !given && (values[name] ?? null) === null,
  )
  if (missing.length === 0) return
  const names = missing.map((field) => `\`${field.name}\``).join(', ')
  const message = `a row of \`${entity.name}\` needs ${names}`
  scope.problems.report({ path, code: 'MISSING_FIELD', message })
}
