/** The fields that every entity has unless it says otherwise. */
import type { CompiledField } from '../contracts/compiled.ts'
import type { OPTIONAL_SYSTEM_FIELDS } from './document.ts'

/** The key of an entity that names none of its own. A client may choose the value (imports do). */
export function generatedKey(name: string): CompiledField {
  return { name, type: 'uuid', list: false, required: true, writable: true, default: { from: 'uuidv7' } }
}

/** In the order in which they follow the declared fields. `created_by` may be empty: the platform itself is nobody. */
export const SYSTEM_FIELDS: Readonly<Record<(typeof OPTIONAL_SYSTEM_FIELDS)[number], CompiledField>> = {
  created_at: {
    name: 'created_at',
    type: 'timestamp',
    list: false,
    required: true,
    writable: false,
    default: { from: 'now' },
  },
  updated_at: {
    name: 'updated_at',
    type: 'timestamp',
    list: false,
    required: true,
    writable: false,
    default: { from: 'now' },
    touched: 'now',
  },
  created_by: {
    name: 'created_by',
    type: 'string',
    list: false,
    required: false,
    writable: false,
    default: { from: 'principal' },
  },
  revision: {
    name: 'revision',
    type: 'bigint',
    list: false,
    required: true,
    writable: false,
    default: { from: 'revision' },
    touched: 'revision',
  },
}
