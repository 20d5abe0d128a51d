/** What a policy test says with a `matrix`: everything that it does not list is forbidden. */
import type { Action } from '../contracts/action.ts'
import type { Expectation, PolicyTest } from '../contracts/policy-test.ts'
import { ACTIONS } from './access-document.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'
import { readRow } from './test-rows.ts'
import { entityAt, fixtureAt, placeOf, type TestEntity, type TestSite } from './test-scope.ts'

type Principals = PolicyTest['principals']

/** An expectation for every principal, every action, and every fixture of each entity of the matrix. */
export function readMatrix(site: TestSite, principals: Principals): readonly Expectation[] {
  const { scope, document, path } = site
  for (const name of Object.keys(document.inputs ?? {})) {
    if (document.matrix && !Object.hasOwn(document.matrix, name)) {
      const message = `the \`matrix\` does not name \`${name}\``
      scope.problems.report({ path: [...path, 'inputs', name], at: 'key', code: 'NOT_APPLICABLE', message })
    }
  }
  return Object.keys(document.matrix ?? {}).flatMap((name) => {
    const entity = entityAt(scope, name, [...path, 'matrix', name], 'key')
    return entity ? ACTIONS.flatMap((action) => readAction(site, entity, action, principals)) : []
  })
}

function readAction(
  site: TestSite,
  entity: TestEntity,
  action: Action,
  principals: Principals,
): readonly Expectation[] {
  const { scope, document, path } = site
  const entry = [...path, 'matrix', entity.name]
  const listed = document.matrix?.[entity.name]?.[action]
  const place = placeOf(scope, listed === undefined ? entry : [...entry, action])
  const mayAlways = new Set(Array.isArray(listed) ? listed : [])
  if (Array.isArray(listed)) checkCallers(site, listed, [...entry, action])
  const byRow = new Map<number, ReadonlySet<string>>()
  for (const [label, callers] of Array.isArray(listed) ? [] : Object.entries(listed ?? {})) {
    checkCallers(site, callers, [...entry, action, label])
    const fixture = fixtureAt(site, entity.name, label, [...entry, action, label], 'key')
    if (fixture !== undefined) byRow.set(fixture, new Set(callers))
  }
  const given = action === 'create' || action === 'update' ? document.inputs?.[entity.name]?.[action] : undefined
  const input = given && readRow(scope, entity, given, [...path, 'inputs', entity.name, action], 'given')
  const own = site.fixtures.flatMap((row, index) => (row.entity === entity.name ? [index] : []))
  const rows = action === 'create' || own.length === 0 ? [undefined] : own
  return rows.flatMap((fixture) =>
    Object.keys(principals).map((principal): Expectation => {
      const may = fixture === undefined ? undefined : byRow.get(fixture)
      return {
        principal,
        action,
        entity: entity.name,
        allowed: (may ?? mayAlways).has(principal),
        ...(fixture !== undefined && { row: { fixture } }),
        ...(input && { input }),
        place,
      }
    }),
  )
}

function checkCallers({ scope, document }: TestSite, callers: readonly string[], path: Path): void {
  const principals = Object.keys(document.principals ?? {})
  const seen = new Set<string>()
  callers.forEach((name, index) => {
    const at = [...path, index]
    if (!principals.includes(name)) {
      const hint = (): string | undefined => didYouMean(name, principals)
      scope.problems.report({ path: at, code: 'UNKNOWN_PRINCIPAL', message: `there is no principal \`${name}\``, hint })
    } else if (seen.has(name)) {
      scope.problems.report({ path: at, code: 'DUPLICATE_VALUE', message: `\`${name}\` stands here twice` })
    }
    seen.add(name)
  })
}
