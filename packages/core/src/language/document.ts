/** A schema document as its author wrote it, once its shape is known to be right. */
import { type FieldType, PHYSICAL_TYPES } from '../contracts/field-type.ts'
import type { AccessDocument } from './access-document.ts'
import type { HooksDocument } from './hooks-document.ts'
import type { TestDocument } from './tests-document.ts'

/** The keys of a constant are its own. */
export const FIELD_TYPES: readonly FieldType[] = Object.keys(PHYSICAL_TYPES) as FieldType[]
export const FORMATS = ['email', 'uri', 'hostname', 'uuid', 'slug', 'phone', 'ipv4', 'ipv6', 'color'] as const
export const OPTIONAL_SYSTEM_FIELDS = ['created_at', 'updated_at', 'created_by', 'revision'] as const
export const ON_DELETE = ['restrict', 'cascade', 'set_null'] as const
export const ORPHANS = ['fail', 'set_null', 'delete'] as const
export const EVENTS = ['created', 'updated', 'deleted'] as const

/** The kinds of objects of a document. */
export type Level =
  | 'schema'
  | 'role'
  | 'entity'
  | 'field'
  | 'reference'
  | 'other side'
  | 'conversion'
  | 'removed field'
  | 'JSON Schema entity'
  | 'JSON Schema property'
  | 'JSON Schema item'
  | 'role in `access`'
  | 'rule'
  | 'deny'
  | 'deny rule'
  | 'hooks'
  | 'hook'
  | 'test'
  | 'caller'
  | 'attempt'
  | 'set of inputs'
  | 'matrix entry'
  | 'test file'
export type OnDelete = (typeof ON_DELETE)[number]
export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null'

export interface SchemaDocument {
  schema: string
  version?: number
  description?: string
  roles?: Record<string, { description?: string; inherits?: string[] }>
  entities: Record<string, EntityDocument>
  functions?: Record<string, unknown>
  tests?: TestDocument[]
  /** Entities of the version before that are gone. */
  removed?: string[]
}

export interface EntityDocument {
  description?: string
  key?: string | string[]
  without?: (typeof OPTIONAL_SYSTEM_FIELDS)[number][]
  fields?: Record<string, FieldDocument>
  schema?: JsonSchemaDocument
  unique?: string[][]
  indexes?: string[][]
  references?: { fields: string[]; to: string; as?: string; on_delete?: OnDelete }[]
  has_many?: Record<string, { entity: string; by?: string | string[] }>
  events?: (typeof EVENTS)[number][]
  check?: string | string[]
  access?: AccessDocument
  hooks?: HooksDocument
  renamed_from?: string
  /** Fields of the version before that are gone; `down` says what clients of that version still see in new rows. */
  removed?: string[] | Record<string, { down?: string }>
}

export interface FieldDocument {
  description?: string
  type?: FieldType
  list?: boolean
  required?: boolean
  unique?: boolean
  identity?: boolean
  default?: unknown
  values?: string[]
  strict?: boolean
  min?: number | bigint | string
  max?: number | bigint | string
  precision?: number
  scale?: number
  format?: string
  pattern?: string
  to?: string
  as?: string
  on_delete?: OnDelete
  computed?: string
  stored?: boolean
  check?: string | string[]
  renamed_from?: string
  convert?: { up?: string; down?: string; hook?: string }
  map?: Record<string, string | null>
  fill?: unknown
  orphans?: (typeof ORPHANS)[number]
}

export interface JsonSchemaDocument {
  type?: 'object'
  description?: string
  required?: string[]
  properties: Record<string, PropertyDocument>
  additionalProperties?: false
}

export interface JsonSchemaItem {
  type?: JsonType | JsonType[]
  format?: string
  enum?: string[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number | bigint | string
  maximum?: number | bigint | string
}

export interface PropertyDocument extends JsonSchemaItem {
  description?: string
  default?: unknown
  items?: JsonSchemaItem
  minItems?: number
  maxItems?: number
}
