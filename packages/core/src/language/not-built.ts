/** Parts of the language that are agreed on but not built: a document that uses one is refused, never half obeyed. */
import type { Level } from './document.ts'

/** What each part needs, by the object it stands in. */
const PARTS: Readonly<Partial<Record<Level, Readonly<Record<string, string>>>>> = {
  schema: {},
  entity: {
    search: 'full-text search',
    history: 'record history',
    soft_delete: 'soft deletion',
  },
}

const TYPES: Readonly<Record<string, string>> = { tsvector: 'full-text search', vector: 'vector search' }

/** The message for a key that belongs to the language and is not built; undefined for any other key. */
export function notBuiltKey(level: Level, key: string): string | undefined {
  const parts = PARTS[level]
  return parts && Object.hasOwn(parts, key) ? notBuilt(key, parts[key] as string) : undefined
}

/** The same for a field type. */
export function notBuiltType(type: unknown): string | undefined {
  return typeof type === 'string' && Object.hasOwn(TYPES, type) ? notBuilt(type, TYPES[type] as string) : undefined
}

export function notBuilt(part: string, waitsFor: string): string {
  return `\`${part}\` is not built yet: it waits for ${waitsFor}; remove it`
}
