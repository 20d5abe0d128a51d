/** Policy tests from document to plain data: what they name is checked, and matrices are written out cell by cell. */
import type { FixtureRow, PolicyTest } from '../contracts/policy-test.ts'
import { ACTIONS } from './access-document.ts'
import type { Path } from './path.ts'
import { readAttempts } from './test-attempts.ts'
import { readMatrix } from './test-matrix.ts'
import { readPrincipals } from './test-principals.ts'
import { readFixtures } from './test-rows.ts'
import { placeOf, type TestScope, type TestSite } from './test-scope.ts'
import type { TestDocument } from './tests-document.ts'

/** Each is a request or more. */
const EXPECTATIONS_MAX = 20_000

/**
 * The tests of `documents`, in their order.
 *
 * @param path leads to the list.
 */
export function resolveTests(scope: TestScope, documents: readonly TestDocument[], path: Path): readonly PolicyTest[] {
  let count = 0
  return documents.map((document, index) => {
    const place = [...path, index]
    const site: TestSite = {
      scope,
      document,
      fixtures: readFixtures(scope, document.fixtures, [...place, 'fixtures']),
      path: place,
    }
    checkForm(site)
    const principals = readPrincipals(site)
    const before = count
    count += expectationsOf(document, site.fixtures)
    if (before <= EXPECTATIONS_MAX && count > EXPECTATIONS_MAX) {
      const message = `tests expect at most ${EXPECTATIONS_MAX} things together, a matrix one for each row, action and principal`
      scope.problems.report({ path: place, code: 'TOO_MANY_EXPECTATIONS', message })
    }
    const expectations =
      count > EXPECTATIONS_MAX ? [] : [...readAttempts(site, principals), ...readMatrix(site, principals)]
    return {
      name: document.name ?? `test ${index + 1}`,
      place: placeOf(scope, place),
      fixtures: site.fixtures,
      principals,
      expectations,
    }
  })
}

/** At most. */
function expectationsOf(
  { can, can_not: cannot, principals, matrix }: TestDocument,
  fixtures: readonly FixtureRow[],
): number {
  const cells = Object.keys(matrix ?? {}).length * Object.keys(principals ?? {}).length * ACTIONS.length
  return [can ?? [], cannot ?? []].flat().length + cells * Math.max(1, fixtures.length)
}

function checkForm({ scope, document, path }: TestSite): void {
  const { as, can, can_not: cannot, principals, inputs, matrix } = document
  const report = (code: string, message: string, hint?: string): void =>
    scope.problems.report({ path, code, message, hint })
  if (matrix !== undefined || principals !== undefined) {
    if (as ?? can ?? cannot) report('CONTRADICTION', 'a test has `as`, or `principals` with `matrix`; not both')
    if (!matrix) report('MISSING_KEY', 'a test with `principals` needs a `matrix`')
    if (!principals) report('MISSING_KEY', 'a test with a `matrix` needs `principals`')
    if (Object.keys(matrix ?? { any: 1 }).length === 0) report('EMPTY_TEST', 'the `matrix` names no entity')
    return
  }
  if (inputs) report('NOT_APPLICABLE', '`inputs` are for a `matrix`', 'give each attempt its `input`')
  if (!as) report('MISSING_KEY', 'a test needs `as`: the caller, such as `{ role: sales }`')
  if ([can ?? [], cannot ?? []].flat().length === 0) report('MISSING_KEY', 'a test needs `can` or `can_not`')
}
