/** The schema that all worlds share: its entities, fields, relations and computed fields, as the oracle knows them. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type Value = Json
export type Row = Readonly<Record<string, Value>>
export type EntityName = 'companies' | 'people' | 'projects' | 'members'
export type Tables = Readonly<Record<EntityName, readonly Row[]>>
export type FieldType = 'int' | 'string' | 'bool' | 'uuid' | 'json'

export interface Field {
  readonly type: FieldType
  readonly required?: true
  /** Values of an enum. */
  readonly values?: readonly string[]
  /** Written by nobody: worked out of the fields it reads, or of a field of the row that a relation leads to. */
  readonly computed?: {
    readonly reads: readonly string[]
    readonly related?: { readonly relation: string; readonly field: string }
    readonly stored: boolean
  }
  /** Written by the platform alone. */
  readonly system?: 'principal' | 'revision'
  /** What stands there when nothing is given: a literal, or the caller's id. */
  readonly fallback?: { readonly literal: Value } | 'caller'
}

/** One side of a reference, or (`through`) two of them by way of a junction. */
export interface Relation {
  readonly to: EntityName
  readonly many: boolean
  /** The field here that equals the field there; of a junction, its two fields stand between. */
  readonly here: string
  readonly there: string
  readonly through?: { readonly entity: EntityName; readonly here: string; readonly there: string }
}

export interface Entity {
  readonly key: readonly string[]
  readonly fields: Readonly<Record<string, Field>>
  /** Under the names they are embedded by. */
  readonly relations: Readonly<Record<string, Relation>>
  readonly unique: readonly (readonly string[])[]
}

export const STATUSES: readonly string[] = ['open', 'closed', 'secret']
const int: Field = { type: 'int' }
const text: Field = { type: 'string' }
const uuid: Field = { type: 'uuid' }

export const ENTITIES: Readonly<Record<EntityName, Entity>> = {
  companies: {
    key: ['code'],
    unique: [],
    fields: {
      code: { type: 'string', required: true },
      name: text,
      size: int,
      owner_uid: { type: 'uuid', fallback: 'caller' },
      badge: { type: 'string', computed: { reads: ['name', 'code'], stored: false } },
      created_by: { type: 'string', system: 'principal' },
    },
    relations: { projects: { to: 'projects', many: true, here: 'code', there: 'company_code' } },
  },
  people: {
    key: ['uid'],
    unique: [],
    fields: { uid: { type: 'uuid', required: true }, name: text, age: int, boss_uid: uuid },
    relations: {
      boss: { to: 'people', many: false, here: 'boss_uid', there: 'uid' },
      people: { to: 'people', many: true, here: 'uid', there: 'boss_uid' },
      members: { to: 'members', many: true, here: 'uid', there: 'person_uid' },
      projects: {
        to: 'projects',
        many: true,
        here: 'uid',
        there: 'number',
        through: { entity: 'members', here: 'person_uid', there: 'project_number' },
      },
    },
  },
  projects: {
    key: ['number'],
    unique: [['label']],
    fields: {
      number: { type: 'int', required: true },
      label: text,
      status: { type: 'string', values: STATUSES, fallback: { literal: 'open' } },
      budget: int,
      bonus: int,
      done: { type: 'bool' },
      owner_uid: { type: 'uuid', fallback: 'caller' },
      company_code: text,
      meta: { type: 'json' },
      total: { type: 'int', computed: { reads: ['budget', 'bonus'], stored: false } },
      firm: {
        type: 'string',
        computed: { reads: [], related: { relation: 'company', field: 'name' }, stored: false },
      },
      tag: { type: 'string', computed: { reads: ['label'], stored: true } },
      revision: { type: 'int', system: 'revision' },
    },
    relations: {
      company: { to: 'companies', many: false, here: 'company_code', there: 'code' },
      members: { to: 'members', many: true, here: 'number', there: 'project_number' },
      people: {
        to: 'people',
        many: true,
        here: 'number',
        there: 'uid',
        through: { entity: 'members', here: 'project_number', there: 'person_uid' },
      },
    },
  },
  members: {
    key: ['project_number', 'person_uid'],
    unique: [],
    fields: {
      project_number: { type: 'int', required: true },
      person_uid: { type: 'uuid', required: true },
      level: int,
      note: text,
    },
    relations: {
      project: { to: 'projects', many: false, here: 'project_number', there: 'number' },
      person: { to: 'people', many: false, here: 'person_uid', there: 'uid' },
    },
  },
}

export const ENTITY_NAMES: readonly EntityName[] = ['companies', 'people', 'projects', 'members']

/** References that the database keeps whole. */
export const REFERENCES: readonly {
  readonly from: EntityName
  readonly field: string
  readonly to: EntityName
  readonly key: string
  readonly onDelete: 'cascade' | 'set_null'
}[] = [
  { from: 'people', field: 'boss_uid', to: 'people', key: 'uid', onDelete: 'set_null' },
  { from: 'projects', field: 'company_code', to: 'companies', key: 'code', onDelete: 'set_null' },
  { from: 'members', field: 'project_number', to: 'projects', key: 'number', onDelete: 'cascade' },
  { from: 'members', field: 'person_uid', to: 'people', key: 'uid', onDelete: 'cascade' },
]

export function fieldOf(entity: EntityName, name: string): Field {
  const field = ENTITIES[entity].fields[name]
  if (!field) throw new Error(`no field ${entity}.${name}`)
  return field
}

export function relationOf(entity: EntityName, name: string): Relation {
  const relation = ENTITIES[entity].relations[name]
  if (!relation) throw new Error(`no relation ${entity}.${name}`)
  return relation
}

export function isWritable({ computed, system }: Field): boolean {
  return computed === undefined && system === undefined
}

/** The value of any field of a row as it is, computed ones worked out; null where there is none. */
export function rawValue(tables: Tables, entity: EntityName, row: Row, name: string): Value {
  const { computed } = fieldOf(entity, name)
  if (!computed) return row[name] ?? null
  const { related } = computed
  if (related) {
    const relation = relationOf(entity, related.relation)
    const other = tables[relation.to].find((candidate) => candidate[relation.there] === row[relation.here])
    return other ? rawValue(tables, relation.to, other, related.field) : null
  }
  return compute(
    entity,
    name,
    computed.reads.map((read) => rawValue(tables, entity, row, read)),
  )
}

/** SQL's way with nulls: one of them makes the whole null. */
function compute(entity: EntityName, name: string, parts: readonly Value[]): Value {
  if (parts.includes(null)) return null
  const [a, b] = parts
  switch (`${entity}.${name}`) {
    case 'companies.badge':
      return `${a}/${b}`
    case 'projects.total':
      return Number(a) + Number(b)
    case 'projects.tag':
      return `${a}#`
    default:
      throw new Error(`nothing computes ${entity}.${name}`)
  }
}
