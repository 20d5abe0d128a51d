/** Random steps over all routes, and the rows that worlds begin with. */
import { keyOf } from './integrity.ts'
import type { Random } from './random.ts'
import { type Asking, itemQuery, randomFilters, randomQuery, returningQuery } from './random-query.ts'
import type { Action } from './rules.ts'
import type { Setting } from './sight.ts'
import type { Step } from './steps.ts'
import { someValue, UIDS } from './values.ts'
import {
  ENTITIES,
  ENTITY_NAMES,
  type EntityName,
  fieldOf,
  isWritable,
  type Row,
  type Tables,
  type Value,
} from './world.ts'
import { isShut, standingOf } from './write-rows.ts'

/** How often a name is taken that the caller may not know. */
const DARING = 0.03

export function randomRead(random: Random, setting: Setting): Step {
  const asking: Asking = { random, setting, daring: DARING }
  const entity = openEntity(asking, 'read')
  if (random.chance(0.15)) return { is: 'item', query: itemQuery(asking, entity), key: someKey(asking, entity) }
  return { is: 'read', query: randomQuery(asking, entity), count: random.chance(0.3), head: random.chance(0.05) }
}

export function randomWrite(random: Random, setting: Setting): Step {
  const asking: Asking = { random, setting, daring: DARING }
  const kind = random.weighted({ create: 3, upsert: 2, put: 1, update: 6, delete: 1 })
  const entity = openEntity(asking, kind === 'upsert' || kind === 'put' ? 'create' : kind)
  const returning = random.chance(0.5) ? returningQuery(asking, entity) : null
  const written = { entity, returning, undo: random.chance(0.06) }
  switch (kind) {
    case 'create':
      return { ...written, is: 'create', upsert: null, rows: randomRows(asking, entity, null) }
    case 'upsert': {
      const upsert = random.chance(0.7) ? 'merge' : 'ignore'
      return { ...written, is: 'create', upsert, rows: randomRows(asking, entity, upsert) }
    }
    case 'put': {
      const key = random.chance(0.5) ? newKey(asking, entity) : someKey(asking, entity)
      const fields = givenFields(asking, entity, 'create').filter((field) => !isKey(entity, field))
      const shared = random.chance(0.3) ? fields : fields.filter((field) => mayGive(asking, entity, 'update', field))
      return { ...written, is: 'put', key, row: randomValues(asking, entity, shared) }
    }
    case 'update': {
      const fields = givenFields(asking, entity, 'update').filter((field) => !isKey(entity, field))
      const change = randomValues(asking, entity, fields.length > 0 ? fields : [someOtherField(asking, entity)])
      return { ...written, is: 'update', ...randomTarget(asking, entity), change }
    }
    default:
      return { ...written, is: 'delete', ...randomTarget(asking, entity) }
  }
}

/** Mostly one that the caller may do something with. */
function openEntity({ random, setting }: Asking, action: Action): EntityName {
  const open = ENTITY_NAMES.filter((entity) => !isShut(setting, entity, action))
  return open.length === 0 || random.chance(0.12) ? random.pick(ENTITY_NAMES) : random.pick(open)
}

/** A few of all rows: by filters, or by the key in the path. */
function randomTarget(
  asking: Asking,
  entity: EntityName,
): { where: ReturnType<typeof randomFilters>; key: Row | null } {
  const { random } = asking
  if (random.chance(0.3)) return { where: [], key: someKey(asking, entity) }
  return { where: randomFilters(asking, entity, []), key: null }
}

function randomRows(asking: Asking, entity: EntityName, upsert: 'merge' | 'ignore' | null): readonly Row[] {
  const { random } = asking
  const count = random.chance(0.7) ? 1 : 1 + random.below(3)
  const own = givenFields(asking, entity, 'create')
  const shared =
    upsert === 'merge' ? own.filter((field) => isKey(entity, field) || mayGive(asking, entity, 'update', field)) : own
  const fields = [...new Set([...ENTITIES[entity].key, ...shared])]
  const rows = Array.from({ length: count }, () => ({
    ...randomValues(asking, entity, fields),
    ...(random.chance(upsert ? 0.4 : 0.6) ? newKey(asking, entity) : someKey(asking, entity)),
  }))
  // An upsert refuses to meet one row twice; the rest is left to the database.
  const seen = new Set<string>()
  return upsert ? rows.filter((row) => seen.size < seen.add(keyOf(entity, row)).size) : rows
}

/** Most of what the caller may give, sometimes what they may not. */
function givenFields(asking: Asking, entity: EntityName, action: Action): readonly string[] {
  const { random } = asking
  const all = Object.keys(ENTITIES[entity].fields).filter((name) => isWritable(fieldOf(entity, name)))
  if (random.chance(DARING)) return random.some(Object.keys(ENTITIES[entity].fields), 0.3, 1)
  return random.some(
    all.filter((field) => mayGive(asking, entity, action, field)),
    random.pick([0.3, 0.6]),
    1,
  )
}

function mayGive({ setting }: Asking, entity: EntityName, action: Action, field: string): boolean {
  return standingOf(setting, entity, action, field) === 'given'
}

function someOtherField({ random }: Asking, entity: EntityName): string {
  return random.pick(Object.keys(ENTITIES[entity].fields).filter((field) => !isKey(entity, field)))
}

function isKey(entity: EntityName, field: string): boolean {
  return ENTITIES[entity].key.includes(field)
}

function randomValues({ random, setting }: Asking, entity: EntityName, fields: readonly string[]): Row {
  return Object.fromEntries(fields.map((field) => [field, randomValue(random, setting.tables, entity, field)]))
}

function randomValue(random: Random, tables: Tables, entity: EntityName, field: string): Value {
  const { required, type } = fieldOf(entity, field)
  if (!required && random.chance(0.15)) return null
  // References mostly hit.
  if (field === 'company_code' && random.chance(0.8)) return keyIn(random, tables, 'companies') ?? null
  if (field === 'boss_uid' && random.chance(0.8)) return keyIn(random, tables, 'people') ?? null
  return type === 'uuid' && random.chance(0.5) ? (UIDS[0] ?? null) : someValue(random, entity, field)
}

function keyIn(random: Random, tables: Tables, entity: EntityName): Value | undefined {
  const rows = tables[entity]
  return rows.length === 0 ? undefined : random.pick(rows)[ENTITIES[entity].key[0] ?? '']
}

/** A key of a row, or of none. */
function someKey({ random, setting }: Asking, entity: EntityName): Row {
  const rows = setting.tables[entity]
  const row = rows.length > 0 && random.chance(0.85) ? random.pick(rows) : null
  return Object.fromEntries(
    ENTITIES[entity].key.map((field) => [field, row?.[field] ?? someValue(random, entity, field)]),
  )
}

/** The key of a row that is not there, if there is one in a few tries. */
function newKey(asking: Asking, entity: EntityName): Row {
  const { random, setting } = asking
  let key = freshKey(random, setting.tables, entity)
  for (
    let tries = 0;
    tries < 5 && setting.tables[entity].some((row) => keyOf(entity, row) === keyOf(entity, key));
    tries++
  ) {
    key = freshKey(random, setting.tables, entity)
  }
  return key
}

function freshKey(random: Random, tables: Tables, entity: EntityName): Row {
  if (entity !== 'members') {
    return Object.fromEntries(ENTITIES[entity].key.map((field) => [field, someValue(random, entity, field)]))
  }
  return {
    project_number: keyIn(random, tables, 'projects') ?? 1,
    person_uid: keyIn(random, tables, 'people') ?? UIDS[0] ?? null,
  }
}

const ROWS: Readonly<Record<EntityName, number>> = { companies: 4, people: 4, projects: 6, members: 7 }

/** Rows that hold together, in the order in which they can be inserted. */
export function randomTables(random: Random): Tables {
  let tables: Tables = { companies: [], people: [], projects: [], members: [] }
  for (const entity of ENTITY_NAMES) {
    const rows: Row[] = []
    for (let tries = 0; rows.length < ROWS[entity] && tries < 40; tries++) {
      const row = storedRow(random, tables, entity)
      const clashes = [ENTITIES[entity].key, ...ENTITIES[entity].unique].some((set) =>
        rows.some((other) => set.every((field) => row[field] !== null && other[field] === row[field])),
      )
      if (!clashes) rows.push(row)
    }
    tables = { ...tables, [entity]: rows }
  }
  return tables
}

function storedRow(random: Random, tables: Tables, entity: EntityName): Row {
  const row: Record<string, Value> = entity === 'members' ? { ...freshKey(random, tables, entity) } : {}
  for (const [name, field] of Object.entries(ENTITIES[entity].fields)) {
    if (field.computed || name in row) continue
    if (field.system === 'revision') row[name] = 1
    else if (name === 'company_code')
      row[name] = random.chance(0.85) ? (keyIn(random, tables, 'companies') ?? null) : null
    else if (name === 'boss_uid') row[name] = null
    else row[name] = !field.required && random.chance(0.15) ? null : someValue(random, entity, name)
  }
  return row
}
