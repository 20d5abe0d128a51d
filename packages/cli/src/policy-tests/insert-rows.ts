/** Rows that tests are about: put in without rules, completed where the test leaves something open. */
import {
  BackSaasError,
  type CompiledEntity,
  type CompiledRelation,
  type FixtureRow,
  invariant,
  type Json,
  type JsonObject,
  literalText,
  TENANT_COLUMN,
} from '@backsaas/core'
import { fittingValue } from './fitting-value.ts'
import { type TestTenant, type World, writeDirectly } from './world.ts'

/** A row as it is stored. */
export interface StoredRow {
  readonly entity: CompiledEntity
  readonly values: JsonObject
  /** The key's fields in order, as text. */
  readonly key: readonly string[]
}

export interface RowStore {
  /**
   * Inserts a row, and before it those that it refers to and that are neither there nor among `coming`.
   *
   * @param complete whether what is required and not given is made up.
   * @throws `ROW_REFUSED` (400) with the reason of the data API.
   */
  insert(
    row: Pick<FixtureRow, 'entity' | 'values'>,
    coming: readonly FixtureRow[],
    complete: boolean,
  ): Promise<StoredRow>
  /** Removes what was inserted since `mark`, the last row first. */
  removeSince(mark: number): Promise<void>
  mark(): number
}

/** Rows that are made for one: a circle of required references has no end. */
const DEPTH_MAX = 10

/** @example const store = createRowStore(world, tenant); const row = await store.insert(fixture, [], false) */
export function createRowStore(world: World, tenant: TestTenant): RowStore {
  const inserted: StoredRow[] = []
  let numbers = 0

  async function insert(
    { entity: name, values }: Pick<FixtureRow, 'entity' | 'values'>,
    coming: readonly FixtureRow[],
    complete: boolean,
    depth: number,
  ): Promise<StoredRow> {
    if (depth > DEPTH_MAX) throw refused(name, 'the rows that it requires require each other')
    const entity = entityOf(world, name)
    const full: Record<string, Json> = { ...values }
    for (const relation of Object.values(entity.relations))
      if (relation.kind === 'one') Object.assign(full, await refer(entity, relation, full, coming, complete, depth))
    if (complete) Object.assign(full, completed(entity, full))
    const row = await post(world, tenant, entity, full)
    inserted.push(row)
    return row
  }

  /** Makes the row that a reference leads to; answers the reference where it was open. */
  async function refer(
    entity: CompiledEntity,
    { entity: target, from, to }: CompiledRelation,
    values: JsonObject,
    coming: readonly FixtureRow[],
    complete: boolean,
    depth: number,
  ): Promise<JsonObject> {
    const given = from.map((field) => values[field])
    if (given.every((value) => value !== undefined && value !== null)) {
      const wanted = Object.fromEntries(to.map((field, i) => [field, given[i] as Json])) // none is undefined
      const isComing = coming.some(
        (row) => row.entity === target && to.every((field) => row.values[field] === wanted[field]),
      )
      if (!isComing && !(await isThere(world, tenant, target, wanted)))
        await insert({ entity: target, values: wanted }, coming, true, depth + 1)
      return {}
    }
    const isOpen = from.some((field) => isRequired(entity, field) && values[field] === undefined)
    if (!complete || !isOpen) return {}
    const open = from.map((field, i) => [to[i] ?? '', values[field]] as const)
    const known = Object.fromEntries(open.filter((pair): pair is [string, Json] => pair[1] !== undefined))
    const parent = await insert({ entity: target, values: known }, coming, true, depth + 1)
    return Object.fromEntries(from.map((field, i) => [field, parent.values[to[i] ?? ''] ?? null]))
  }

  function completed(entity: CompiledEntity, values: JsonObject): JsonObject {
    const made = Object.values(entity.fields).flatMap((field): readonly (readonly [string, Json])[] => {
      if (!isRequired(entity, field.name) || values[field.name] !== undefined) return []
      const value = fittingValue(field, ++numbers)
      if (value === undefined)
        throw refused(entity.name, `no value was found that suits \`${field.name}\`: give it one in the test`)
      return [[field.name, value]]
    })
    return Object.fromEntries(made)
  }

  return {
    insert: (row, coming, complete) => insert(row, coming, complete, 0),
    mark: () => inserted.length,
    async removeSince(mark) {
      for (const { entity, key } of inserted.splice(mark).reverse()) {
        const path = itemPath(entity, key)
        const { status, code, message } = await world.askFreely(tenant.slug, { method: 'DELETE', path })
        // What is left would be found by the next expectation.
        invariant(status === 204, `the row ${path} stays: ${code} ${message}`)
      }
    },
  }
}

export function entityOf({ schema }: World, name: string): CompiledEntity {
  const entity = schema.entities[name]
  invariant(entity, `the tests were checked against the schema, which has no ${name}`)
  return entity
}

/** `contacts/018f…`, `order_lines/42,SKU-1`. */
export function itemPath({ name }: CompiledEntity, key: readonly string[]): string {
  return `${name}/${key.map(encodeURIComponent).join(',')}`
}

function isRequired({ fields }: CompiledEntity, name: string): boolean {
  const field = fields[name]
  return field?.required === true && !field.default && !field.computed && field.writable
}

async function isThere(world: World, { slug }: TestTenant, entity: string, values: JsonObject): Promise<boolean> {
  const filters = Object.entries(values).map(([field, value]) => `${field}=eq.${encodeURIComponent(String(value))}`)
  const { body } = await world.askFreely(slug, { method: 'GET', path: `${entity}?limit=1&${filters.join('&')}` })
  return Array.isArray(body) && body.length > 0
}

/** What the platform alone writes follows by itself: rules may ask for it, so tests may say it. */
async function post(world: World, tenant: TestTenant, entity: CompiledEntity, values: JsonObject): Promise<StoredRow> {
  const own = Object.entries(values).filter(([name]) => !entity.fields[name]?.writable)
  const given = Object.fromEntries(Object.entries(values).filter(([name]) => entity.fields[name]?.writable))
  // Text keeps every digit of a key.
  const keys = entity.key.map((field, i) => `${KEY}${i}:${field}::text`)
  const { status, code, message, body } = await world.askFreely(tenant.slug, {
    method: 'POST',
    path: `${entity.name}?select=*,${keys.join(',')}`,
    body: given,
    prefer: 'return=representation, missing=default',
  })
  if (status !== 201) throw refused(entity.name, `${code} ${message}`)
  const [stored = {}] = body as readonly JsonObject[] // the representation of a create
  const key = entity.key.map((_, i) => String(stored[`${KEY}${i}`]))
  const row = Object.fromEntries(Object.entries(stored).filter(([name]) => !name.startsWith(KEY)))
  if (own.length > 0) await writeOwn(world, tenant, entity, key, own)
  return { entity, key, values: { ...row, ...Object.fromEntries(own) } }
}

const KEY = 'key_as_text_'

async function writeOwn(
  world: World,
  { id }: TestTenant,
  entity: CompiledEntity,
  key: readonly string[],
  values: readonly (readonly [string, Json])[],
): Promise<void> {
  const mapping = world.mapping.entities[entity.name]
  invariant(mapping, `the mapping has no entity ${entity.name}`)
  const column = (field: string): string => quoted(mapping.columns[field] ?? field)
  const sets = values.map(([field], i) => `${column(field)} = $${i + 1}`)
  const keys = entity.key.map((field, i) => `${column(field)} = $${values.length + 2 + i}`)
  const text = `update ${quoted(world.mapping.schema)}.${quoted(mapping.table)} set ${sets.join(', ')} where ${TENANT_COLUMN} = $${values.length + 1} and ${keys.join(' and ')}`
  const texts = values.map(([field, value]) => {
    const compiled = entity.fields[field]
    invariant(compiled, `no field ${field}`)
    return literalText(compiled, value)
  })
  await writeDirectly(world, text, [...texts, id, ...key])
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function refused(entity: string, reason: string): BackSaasError {
  return new BackSaasError('ROW_REFUSED', 400, `a row of ${entity} cannot be put in: ${reason}`)
}
