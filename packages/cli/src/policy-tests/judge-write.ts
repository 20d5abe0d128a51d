/** Whether a caller may create, update or delete; all of it is undone. */
import { type CompiledEntity, type CompiledField, type Identity, type Json, uuidv7 } from '@backsaas/core'
import { type Attempt, attempt, together } from './attempt.ts'
import { fittingValue } from './fitting-value.ts'
import { itemPath, type StoredRow } from './insert-rows.ts'
import type { Verdict } from './result.ts'
import type { World } from './world.ts'

interface Subject {
  readonly world: World
  readonly caller: Identity
  readonly entity: CompiledEntity
  /** Null: any that there could be. */
  readonly row: StoredRow | null
}

interface Given {
  readonly input: Readonly<Record<string, Json>> | undefined
  readonly fields: readonly string[] | undefined
}

/** Without input it is asked whether some row could be created; with fields, whether they could be given. */
export async function judgeCreate({ world, caller, entity }: Subject, { input, fields }: Given): Promise<Verdict> {
  const post = (query: string, body: unknown): Promise<Attempt> =>
    attempt(world, caller, { method: 'POST', path: `${entity.name}${query}`, body })
  if (input) return post('', input)
  // No rows: all is asked that does not depend on values.
  if (!fields) return post('', [])
  const verdicts: (Verdict & { field: string })[] = []
  for (const field of fields) verdicts.push({ ...(await post(`?columns=${field}`, [])), field })
  return together(verdicts, 'given')
}

/** Without input it is asked whether some field could be changed; with fields, whether each of them could. */
export async function judgeUpdate(subject: Subject, { input, fields }: Given): Promise<Verdict> {
  if (input) return patch(subject, input)
  if (!fields) return judgeAnyUpdate(subject)
  const verdicts: (Verdict & { field: string })[] = []
  for (const field of fields) verdicts.push({ ...(await judgeField(subject, field)), field })
  return together(verdicts, 'given')
}

export async function judgeDelete(subject: Subject): Promise<Verdict> {
  const tried = await attempt(subject.world, subject.caller, { method: 'DELETE', path: pathOf(subject) })
  return subject.row ? tried : orAny(tried)
}

async function judgeAnyUpdate(subject: Subject): Promise<Verdict> {
  const { world, caller, entity, row } = subject
  // An update of nothing: refused where the caller may update no row at all.
  const whole = await attempt(world, caller, { method: 'PATCH', path: entity.name, body: {} })
  if (whole.access !== 'allow' || !row) return whole
  const tries: Verdict[] = []
  for (const field of Object.values(entity.fields)) {
    if (!field.writable) continue
    const tried = await judgeField(subject, field.name)
    if (tried.access === 'allow') return tried
    tries.push(tried)
  }
  return tries.find(({ access }) => access === 'unclear') ?? tries[0] ?? { ...whole, access: 'deny' }
}

/** Tries values until one is taken: that which is there changes nothing, but a rule may ask for another. */
async function judgeField(subject: Subject, name: string): Promise<Verdict> {
  const field = subject.entity.fields[name]
  let last: Attempt | null = null
  for (const value of field ? valuesFor(field, subject.row) : []) {
    last = await patch(subject, { [name]: value })
    if (last.access === 'allow') return last
    // No such field, or no such row: no value will do.
    if (last.access === 'deny' && last.answered.status !== 403) return last
  }
  if (last === null) return { access: 'unclear', request: `PATCH ${name}`, detail: 'no value was found to try' }
  // What the row would become is refused, and another value might be taken.
  return { ...last, access: 'unclear', detail: `${last.detail}: give the \`input\` that is meant` }
}

const TRIES_MAX = 20

function valuesFor(field: CompiledField, row: StoredRow | null): readonly Json[] {
  const stored = row?.values[field.name]
  const fitting = fittingValue(field, 1)
  const all: readonly (Json | undefined)[] = [
    stored === null && field.required ? undefined : stored,
    ...(field.list ? [] : (field.values ?? [])),
    ...(field.type === 'boolean' ? [true, false] : []),
    fitting,
    ...(field.required ? [] : [null]),
  ]
  return all.filter((value) => value !== undefined).slice(0, TRIES_MAX)
}

async function patch(subject: Subject, body: Readonly<Record<string, Json>>): Promise<Attempt> {
  const tried = await attempt(subject.world, subject.caller, { method: 'PATCH', path: pathOf(subject), body })
  return subject.row ? tried : orAny(tried)
}

/** Of a row that is not there: that it was not found means that it was looked for. */
function orAny(tried: Attempt): Attempt {
  return tried.answered.code === 'PGRST116' ? { ...tried, access: 'allow' } : tried
}

function pathOf({ entity, row }: Subject): string {
  return itemPath(entity, row?.key ?? entity.key.map((name) => absentKey(entity.fields[name])))
}

/** In a form that the field's type reads. */
function absentKey(field: CompiledField | undefined): string {
  if (field?.type === 'uuid') return uuidv7()
  const value = field && fittingValue(field, 987_654_321)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'absent'
}
