/** The content hash of a schema: equal for documents that mean the same. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { AccessRule } from '../contracts/access.ts'
import type { CompiledEntity, CompiledField, CompiledSchema } from '../contracts/compiled.ts'
import type { CompiledHook } from '../contracts/hook.ts'

/** Lists of the compiled form whose order means nothing. */
const SETS: ReadonlySet<string> = new Set(['inherits', 'unique', 'indexes', 'events', 'values'])

/**
 * SHA-256 in hex over the schema without `version`, `hash` and what is said of the version before; members and sets in alphabetical order. Synchronous,
 * which Web Crypto is not.
 */
export function contentHash(schema: Omit<CompiledSchema, 'hash'>): string {
  const { name, description, roles, functions } = schema
  const entities = mapValues(schema.entities, entityContent)
  return bytesToHex(sha256(utf8ToBytes(canonical({ name, description, roles, functions, entities }, []))))
}

/** Of expressions their sources count: what is made of them may change with the compiler. */
function entityContent({
  id: _id,
  evolution: _evolution,
  fields,
  access,
  checks,
  hooks,
  ...entity
}: CompiledEntity): object {
  return {
    ...entity,
    fields: mapValues(fields, fieldContent),
    access: sorted(access?.map(ruleContent)),
    checks: sorted(checks?.map(({ field, expression }) => ({ field, source: expression.source }))),
    hooks: hooks && mapValues(hooks, (list) => list.map(hookContent)),
  }
}

function fieldContent({ id: _id, evolution: _evolution, computed, ...field }: CompiledField): object {
  const { default: given } = field
  return {
    ...field,
    ...(given && 'expression' in given && { default: { from: given.from, source: given.expression.source } }),
    ...(computed && { computed: { stored: computed.stored, source: computed.expression.source } }),
  }
}

/** `old` follows from the rest. */
function hookContent({ use, on, params, when }: CompiledHook): object {
  return { use, on, params, when: when?.source }
}

/** `place` says where the same rule happens to be written. */
function ruleContent({ place: _, where, check, fields, ...rule }: AccessRule): object {
  return { ...rule, where: where?.source, check: check?.source, fields: fields?.toSorted() }
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => object): Record<string, object> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}

/** In an order that is that of their content. */
function sorted(members: readonly object[] | undefined): readonly object[] | undefined {
  return members
    ?.map((member) => [canonical(member, []), member] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, member]) => member)
}

/** Only the compiled form's own lists are sets: never one inside a literal default or of a key. */
function canonical(value: unknown, path: readonly string[]): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item, [...path, '']))
    return `[${(isSet(path) ? items.toSorted() : items).join()}]`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const texts = members
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => {
      return `${JSON.stringify(key)}:${canonical(member, [...path, key])}`
    })
  return `{${texts.join()}}`
}

function isSet(path: readonly string[]): boolean {
  const [top, , part, , option] = path
  const last = path.at(-1) ?? ''
  if (!SETS.has(last)) return false
  if (path.length === 3) return top === 'roles' || top === 'entities'
  return path.length === 5 && part === 'fields' && option === 'values'
}
