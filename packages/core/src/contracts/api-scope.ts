/**
 * Scopes of an API key: what it allows of what its roles do. `contacts:read` is one action on one entity, `contacts:*` all
 * of them, `*:read` or `read` one action on every entity; `write` is create, update and delete. No list allows everything,
 * an empty one nothing.
 */
import type { Action } from './action.ts'

const SCOPE = /^(?:(?:[a-z][a-z0-9_]{0,47}|\*):)?(?:read|create|update|delete|write|\*)$/
const WRITES: ReadonlySet<Action> = new Set<Action>(['create', 'update', 'delete'])

export function isScope(text: unknown): text is string {
  return typeof text === 'string' && SCOPE.test(text)
}

/**
 * Whether the scopes of a principal reach this.
 *
 * @example inScope(['contacts:read'], 'contacts', 'update') // false
 */
export function inScope(scopes: readonly string[] | undefined, entity: string, action: Action): boolean {
  if (scopes === undefined) return true
  return scopes.some((scope) => {
    const colon = scope.indexOf(':')
    const [of, verb] = colon === -1 ? ['*', scope] : [scope.slice(0, colon), scope.slice(colon + 1)]
    return (
      (of === '*' || of === entity) && (verb === '*' || verb === action || (verb === 'write' && WRITES.has(action)))
    )
  })
}
