/** The callers of a policy test. */
import type { PolicyTest, TestPrincipal } from '../contracts/policy-test.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'
import type { TestSite } from './test-scope.ts'
import type { CallerDocument } from './tests-document.ts'

/** Of a case the one that `as` says, called by its roles. */
export function readPrincipals(site: TestSite): PolicyTest['principals'] {
  const { document, path } = site
  const named = Object.entries(document.principals ?? {}).map(([name, caller]): [string, TestPrincipal] => {
    return [name, readCaller(site, caller, [...path, 'principals', name])]
  })
  if (document.as && !document.principals) {
    const caller = readCaller(site, document.as, [...path, 'as'])
    named.push([callerName(caller), caller])
  }
  return Object.assign(Object.create(null), Object.fromEntries(named))
}

function callerName({ roles, kind }: TestPrincipal): string {
  return roles.length > 0 ? roles.join(' + ') : kind === 'user' ? 'no role' : kind
}

function readCaller(
  { scope }: TestSite,
  { role, roles, id, email, kind = 'user' }: CallerDocument,
  path: Path,
): TestPrincipal {
  if (role !== undefined && roles) {
    scope.problems.report({ path, code: 'CONTRADICTION', message: 'a caller has `role` or `roles`, not both' })
  }
  const names = role === undefined ? (roles ?? []) : [role]
  names.forEach((name, index) => {
    if (scope.roles.has(name)) return
    const place = role === undefined ? [...path, 'roles', index] : [...path, 'role']
    const hint = (): string | undefined => didYouMean(name, scope.roles)
    scope.problems.report({ path: place, code: 'UNKNOWN_ROLE', message: `there is no role \`${name}\``, hint })
  })
  return { kind, roles: names, ...(id !== undefined && { id }), ...(email !== undefined && { email }) }
}
