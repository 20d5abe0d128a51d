/** The right answers to a step: worked out of rules and rows by nothing of the product's own. */
import { answerRows, isChosen } from './answer-rows.ts'
import { denied, type Expected, forbidden, refused } from './expected.ts'
import { keyOf, removeRows, violations } from './integrity.ts'
import type { Filter, Query } from './query.ts'
import { canRead, canSee, type Setting, seesRow, showRow, visibleFields } from './sight.ts'
import type { Step } from './steps.ts'
import { unknownFilters, unknownNames } from './unknown-names.ts'
import { ENTITIES, type EntityName, type Row, type Tables } from './world.ts'
import { changed, filled, isShut, mayBecome, mayCreate, mayDelete, mayUpdate, standingOf } from './write-rows.ts'

type Of<K extends Step['is']> = Extract<Step, { is: K }>

/** Any of these is right; nothing else is. */
export function expectedOf(setting: Setting, step: Step): readonly Expected[] {
  switch (step.is) {
    case 'read':
      return expectRead(setting, step)
    case 'item':
      return expectItem(setting, step)
    case 'create':
      return expectCreate(setting, step)
    case 'put':
      return expectPut(setting, step)
    case 'update':
      return expectUpdate(setting, step)
    case 'delete':
      return expectDelete(setting, step)
  }
}

function expectRead(setting: Setting, { query, count, head }: Of<'read'>): readonly Expected[] {
  const wrong = [...(canRead(setting, query.entity) ? [] : [denied(setting)]), ...unknownNames(setting, query)]
  if (wrong.length > 0) return wrong
  const rows = answerRows(setting, query)
  const total = rows.flat().length
  if (count && query.offset > total) return [refused(setting, 416, 'PGRST103')]
  const { limit, offset } = query
  const shown = Math.max(0, Math.min(limit ?? total, total - offset))
  const status = count && shown < total ? 206 : 200
  return [{ is: 'rows', status, rows, limit, offset, total: count ? total : null, head, tables: setting.tables }]
}

function expectItem(setting: Setting, { query, key }: Of<'item'>): readonly Expected[] {
  const { entity } = query
  const unreadable = canRead(setting, entity) ? [] : [denied(setting)]
  const wrong = [...unreadable, ...unknownNames(setting, query), ...hiddenKey(setting, entity)]
  if (wrong.length > 0) return wrong
  const [row] = answerRows(setting, { ...query, where: keyFilters(entity, key) }).flat()
  return row ? [{ is: 'object', status: 200, row, tables: setting.tables }] : [refused(setting, 404, 'PGRST116')]
}

/** A row whose key cannot be seen has no place. */
function hiddenKey(setting: Setting, entity: EntityName): readonly Expected[] {
  return ENTITIES[entity].key.every((field) => canSee(setting, entity, field))
    ? []
    : [refused(setting, 404, 'PGRST116')]
}

function keyFilters(entity: EntityName, key: Row): readonly Filter[] {
  return ENTITIES[entity].key.map((field) => ({
    is: 'compare',
    not: false,
    spot: { field },
    operator: 'eq',
    value: key[field] as string | number, // keys are never null
  }))
}

/** What keeps a write from being tried: the action as a whole, its fields, its answer, its filters. */
function obstacles(
  setting: Setting,
  { entity, returning }: { readonly entity: EntityName; readonly returning: Query | null },
  action: 'create' | 'update' | 'delete',
  given: readonly string[],
  where: readonly Filter[] = [],
): readonly Expected[] {
  const standings = given.map((field) => standingOf(setting, entity, action, field))
  const wrong = [
    ...(isShut(setting, entity, action) ? [denied(setting)] : []),
    ...(standings.includes('unknown') ? [refused(setting, 400, 'PGRST204')] : []),
    ...(standings.includes('seen') ? [refused(setting, 422, 'FIELD_NOT_WRITABLE')] : []),
    ...(returning && !canRead(setting, entity) ? [denied(setting)] : []),
    ...(returning ? unknownNames(setting, returning) : []),
    ...unknownFilters(setting, entity, where),
  ]
  // Who can read nothing changes nothing, and may be told so first.
  return wrong.length > 0 && action !== 'create' ? [...wrong, ...unreadable(setting, entity)] : wrong
}

function expectCreate(setting: Setting, step: Of<'create'>): readonly Expected[] {
  const { entity, rows, upsert } = step
  const given = Object.keys(rows[0] ?? {})
  const wrong = obstacles(setting, step, 'create', given)
  if (wrong.length > 0) return upsert === 'merge' ? [...wrong, ...unfit(setting, entity)] : wrong
  return merge(setting, step, rows, given, upsert)
}

/** The key of the path is none of the given fields where the row is there; where it is not, it is one. */
function expectPut(setting: Setting, step: Of<'put'>): readonly Expected[] {
  const { entity, key, row } = step
  const wrong = obstacles(setting, step, 'create', Object.keys(row))
  const isKnown = ENTITIES[entity].key.every((field) => standingOf(setting, entity, 'create', field) !== 'unknown')
  const hidden = isKnown ? [] : [...hiddenKey(setting, entity), forbidden(setting)]
  if (wrong.length + hidden.length > 0) return [...wrong, ...hidden, ...unfit(setting, entity)]
  return merge(setting, step, [{ ...key, ...row }], Object.keys({ ...key, ...row }), 'merge', true)
}

/** Who may never update, or never see what is there, need not be let merge at all. */
function unfit(setting: Setting, entity: EntityName): readonly Expected[] {
  return isShut(setting, entity, 'update') || !canRead(setting, entity) ? [denied(setting)] : []
}

/** Inserts rows; those whose key is there already are changed, left or a violation. */
function merge(
  setting: Setting,
  {
    entity,
    returning,
    undo,
  }: { readonly entity: EntityName; readonly returning: Query | null; readonly undo: boolean },
  rows: readonly Row[],
  given: readonly string[],
  upsert: 'merge' | 'ignore' | null,
  one = false,
): readonly Expected[] {
  const { key } = ENTITIES[entity]
  const rest = given.filter((field) => !key.includes(field))
  const table = [...setting.tables[entity]]
  const touched: Row[] = []
  let inserted = 0
  let allowed = true
  for (const row of rows) {
    const at =
      upsert === null ? -1 : setting.tables[entity].findIndex((one) => keyOf(entity, one) === keyOf(entity, row))
    const old = table[at]
    if (!old) {
      const next = filled(setting, entity, row)
      allowed &&= mayCreate(setting, entity, next, given)
      table.push(next)
      touched.push(next)
      inserted++
    } else if (upsert === 'merge') {
      const next = changed(entity, old, row)
      allowed &&= seesRow(setting, entity, old) && mayUpdate(setting, entity, old, rest)
      allowed &&= mayBecome(setting, entity, old, next, rest)
      table[at] = next
      touched.push(next)
    }
  }
  const status = inserted === 0 && touched.length > 0 ? 200 : 201
  const done = conclude(setting, entity, { returning, undo, one }, { table, touched, allowed, status })
  return upsert === 'merge' ? [...unfit(setting, entity), ...done] : done
}

interface Attempt {
  readonly table: readonly Row[]
  readonly touched: readonly Row[]
  readonly allowed: boolean
  readonly status: number
}

/** Rules and the database judge what was written: all of it stands, or none. */
function conclude(
  setting: Setting,
  entity: EntityName,
  { returning, undo, one }: { readonly returning: Query | null; readonly undo: boolean; readonly one: boolean },
  { table, touched, allowed, status }: Attempt,
): readonly Expected[] {
  const after: Tables = { ...setting.tables, [entity]: table }
  const wrong: Expected[] = violations(after, entity, touched).map((code) => refused(setting, 409, code))
  const seen = returning === null || touched.every((row) => seesRow(setting, entity, row))
  if (!allowed || !seen) wrong.push(forbidden(setting))
  if (wrong.length > 0) return wrong
  return [answered(setting, entity, returning, touched, undo ? setting.tables : after, status, one)]
}

function answered(
  setting: Setting,
  entity: EntityName,
  returning: Query | null,
  written: readonly Row[],
  tables: Tables,
  status: number,
  one: boolean,
): Expected {
  if (returning === null) return { is: 'done', status, tables }
  const fields = visibleFields(setting, entity)
  const shown = written.map((row) => showRow(setting, entity, row, fields))
  const rows = answerRows(setting, { ...returning, where: [] }, shown)
  const [row] = rows.flat()
  if (one && row) return { is: 'object', status, row, tables }
  return { is: 'rows', status, rows, limit: null, offset: 0, total: null, tables }
}

/** The rows, as they are, that a caller's filters and key choose of those that they see. */
function chosenRows(setting: Setting, entity: EntityName, where: readonly Filter[]): readonly Row[] {
  const query: Query = { entity, select: [], where, order: [], limit: null, offset: 0 }
  const fields = visibleFields(setting, entity)
  return setting.tables[entity].filter(
    (row) => seesRow(setting, entity, row) && isChosen(setting, query, showRow(setting, entity, row, fields)),
  )
}

function expectUpdate(setting: Setting, step: Of<'update'>): readonly Expected[] {
  const { entity, key, change, returning, undo } = step
  const given = Object.keys(change)
  const wrong = obstacles(setting, step, 'update', given, step.where)
  const hidden = key ? hiddenKey(setting, entity) : []
  if (wrong.length + hidden.length > 0) return [...wrong, ...hidden, ...unreadable(setting, entity)]
  const where = [...step.where, ...(key ? keyFilters(entity, key) : [])]
  const chosen = chosenRows(setting, entity, where).filter((row) => mayUpdate(setting, entity, row, given))
  if (key && chosen.length === 0) return notThere(setting, entity, where)
  const pairs = chosen.map((old) => ({ old, next: changed(entity, old, change) }))
  const allowed = pairs.every(({ old, next }) => mayBecome(setting, entity, old, next, given))
  const table = setting.tables[entity].map((row) => pairs.find(({ old }) => old === row)?.next ?? row)
  const attempt = { table, touched: pairs.map(({ next }) => next), allowed, status: returning ? 200 : 204 }
  return [...conclude(setting, entity, { returning, undo, one: key !== null }, attempt), ...unreadable(setting, entity)]
}

/** Who can read nothing changes nothing, and may be told so. */
function unreadable(setting: Setting, entity: EntityName): readonly Expected[] {
  return canRead(setting, entity) ? [] : [denied(setting)]
}

/** One row was named, and it is not there, or (which only who sees it may be told) not to be changed by this caller. */
function notThere(setting: Setting, entity: EntityName, where: readonly Filter[]): readonly Expected[] {
  const isSeen = chosenRows(setting, entity, where).length > 0
  return [refused(setting, 404, 'PGRST116'), ...(isSeen ? [forbidden(setting)] : []), ...unreadable(setting, entity)]
}

function expectDelete(setting: Setting, step: Of<'delete'>): readonly Expected[] {
  const { entity, key, returning, undo } = step
  const wrong = obstacles(setting, step, 'delete', [], step.where)
  const hidden = key ? hiddenKey(setting, entity) : []
  if (wrong.length + hidden.length > 0) return [...wrong, ...hidden, ...unreadable(setting, entity)]
  const where = [...step.where, ...(key ? keyFilters(entity, key) : [])]
  const gone = chosenRows(setting, entity, where).filter((row) => mayDelete(setting, entity, row))
  if (key && gone.length === 0) return notThere(setting, entity, where)
  const after = undo ? setting.tables : removeRows(setting.tables, entity, gone)
  return [
    answered(setting, entity, returning, gone, after, returning ? 200 : 204, key !== null),
    ...unreadable(setting, entity),
  ]
}
