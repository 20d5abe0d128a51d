/** What a policy test says with `can` and `can_not`. */
import type { Action } from '../contracts/action.ts'
import type { Expectation, PolicyTest } from '../contracts/policy-test.ts'
import { ACTIONS } from './access-document.ts'
import type { Path } from './path.ts'
import { readRow } from './test-rows.ts'
import { entityAt, fieldAt, fixtureAt, placeOf, type TestEntity, type TestSite } from './test-scope.ts'
import type { AttemptDocument } from './tests-document.ts'

/** One expectation for each attempt of the one principal there is. */
export function readAttempts(site: TestSite, principals: PolicyTest['principals']): readonly Expectation[] {
  const { document, path } = site
  const [principal] = Object.keys(principals)
  if (principal === undefined || document.matrix || document.principals) return []
  return (['can', 'can_not'] as const).flatMap((part) => {
    const attempts = document[part]
    return [attempts ?? []].flat().flatMap((attempt, index) => {
      const place = Array.isArray(attempts) ? [...path, part, index] : [...path, part]
      return readAttempt(site, attempt, place, { principal, allowed: part === 'can' }) ?? []
    })
  })
}

function readAttempt(
  site: TestSite,
  attempt: AttemptDocument,
  path: Path,
  of: Pick<Expectation, 'principal' | 'allowed'>,
): Expectation | undefined {
  const { scope } = site
  const actions = ACTIONS.filter((action) => attempt[action] !== undefined)
  const [action] = actions
  if (action === undefined || actions.length > 1) {
    const message = 'an attempt has one action, such as `read: contacts`'
    const code = action === undefined ? 'MISSING_KEY' : 'CONTRADICTION'
    scope.problems.report({ path, code, message, hint: action && 'write a list of attempts' })
    return undefined
  }
  const entity = entityAt(scope, attempt[action] as string, [...path, action], 'value')
  if (!entity) return undefined
  checkParts(site, attempt, action, path)
  const { input, fields } = attempt
  fields?.forEach((name, index) => {
    fieldAt(scope, entity, name, [...path, 'fields', index], 'value')
  })
  const row = readSubject(site, entity, attempt.row, [...path, 'row'])
  return {
    ...of,
    action,
    entity: entity.name,
    ...(row && { row }),
    ...(input && { input: readRow(scope, entity, input, [...path, 'input'], 'given') }),
    ...(fields && { fields }),
    place: placeOf(scope, path),
  }
}

function checkParts({ scope }: TestSite, { row, input, fields }: AttemptDocument, action: Action, path: Path): void {
  const report = (option: string, message: string, hint?: string, code = 'NOT_APPLICABLE'): void =>
    scope.problems.report({ path: [...path, option], at: 'key', code, message, hint })
  const isWrite = action === 'create' || action === 'update'
  if (row !== undefined && action === 'create') report('row', 'there is no row before it is created', 'say `input`')
  if (input && !isWrite) report('input', `nothing is given to ${action} a row`, 'say `row`')
  if (fields && action === 'delete') report('fields', 'a row is deleted as a whole')
  if (fields && input)
    report('fields', '`input` says already which fields are given', 'remove one of them', 'CONTRADICTION')
  if (fields?.length === 0) report('fields', '`fields` names one field or more', undefined, 'EMPTY_LIST')
}

function readSubject(site: TestSite, entity: TestEntity, row: AttemptDocument['row'], path: Path): Expectation['row'] {
  if (row === undefined) return undefined
  if (typeof row !== 'string') return { values: readRow(site.scope, entity, row, path, 'stored') }
  const fixture = fixtureAt(site, entity.name, row, path, 'value')
  return fixture === undefined ? undefined : { fixture }
}
