/** Checks that roles inherit from roles that exist, and never from themselves. */
import type { Draft } from './draft.ts'
import { didYouMean } from './nearest-name.ts'

type Roles = Readonly<Record<string, { readonly inherits?: readonly string[] }>>

/** Reports unknown and repeated parents and every role that stands in a circle. */
export function checkRoles({ document, problems }: Draft): void {
  const roles: Roles = document.roles ?? {}
  const parents = new Map(Object.entries(roles).map(([name, role]) => [name, role.inherits ?? []]))
  for (const [name, inherits] of parents) {
    const seen = new Set<string>()
    inherits.forEach((parent, index) => {
      const path = ['roles', name, 'inherits', index]
      if (!parents.has(parent)) {
        const hint = (): string | undefined => didYouMean(parent, parents.keys())
        problems.report({ path, code: 'UNKNOWN_ROLE', message: `there is no role \`${parent}\``, hint })
      } else if (seen.has(parent)) {
        problems.report({ path, code: 'DUPLICATE_VALUE', message: `\`${parent}\` stands here twice` })
      }
      seen.add(parent)
    })
  }
  for (const name of rolesInCircles(parents)) {
    const message = `the role \`${name}\` inherits from itself`
    problems.report({ path: ['roles', name, 'inherits'], code: 'ROLE_CYCLE', message })
  }
}

/** Takes away, again and again, the roles all of whose parents are taken away; circles and their heirs remain. */
function rolesInCircles(parents: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const open = new Map(
    [...parents].map(([name, list]) => [name, new Set(list.filter((parent) => parents.has(parent)))]),
  )
  const heirs = new Map<string, string[]>()
  for (const [name, list] of open) for (const parent of list) heirs.set(parent, [...(heirs.get(parent) ?? []), name])
  const done = [...open].filter(([, list]) => list.size === 0).map(([name]) => name)
  for (let next = done.pop(); next !== undefined; next = done.pop()) {
    open.delete(next)
    for (const heir of heirs.get(next) ?? []) {
      const left = open.get(heir)
      if (left?.delete(next) && left.size === 0) done.push(heir)
    }
  }
  return [...open.keys()].filter((name) => reaches(name, name, open))
}

function reaches(from: string, to: string, graph: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const seen = new Set<string>()
  const open = [...(graph.get(from) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === to) return true
    if (seen.has(next)) continue
    seen.add(next)
    open.push(...(graph.get(next) ?? []))
  }
  return false
}
