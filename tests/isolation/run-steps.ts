/** Takes the same steps in the product and in the model, and compares every answer. */
import { expect } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Condition, holds, type Row, toParameters } from './conditions.ts'
import {
  createGarden,
  type Entity,
  FIELDS,
  type Garden,
  insert,
  KEYS,
  type Outcome,
  remove,
  sorted,
  update,
} from './model.ts'
import { EMBEDS, type EmbedRead, type Read, type Step } from './steps.ts'

const RETURN = { prefer: 'return=representation' }

/** @param callers one for each tenant, of nothing but empty tables. */
export async function runSteps(callers: readonly Caller[], steps: readonly Step[]): Promise<void> {
  const gardens = callers.map(createGarden)
  for (const step of steps) {
    const caller = callers[step.tenant] as Caller
    await take(caller, gardens[step.tenant] as Garden, step)
  }
  for (const [index, caller] of callers.entries()) await compareAll(caller, gardens[index] as Garden)
}

async function take(caller: Caller, garden: Garden, step: Step): Promise<void> {
  switch (step.kind) {
    case 'read':
      return read(caller, garden, step.read)
    case 'insert': {
      const answer = await caller.post(`/${step.entity}?select=${FIELDS[step.entity]}`, step.rows, RETURN)
      return compare(answer, insert(garden, step.entity, step.rows), step.entity, 201)
    }
    case 'update': {
      const query = [`select=${FIELDS[step.entity]}`, ...toParameters(step.condition)].join('&')
      const answer = await caller.patch(`/${step.entity}?${query}`, step.change, RETURN)
      return compare(answer, update(garden, step.entity, step.condition, step.change), step.entity, 200)
    }
    case 'delete': {
      const query = [`select=${FIELDS[step.entity]}`, ...toParameters(step.condition)].join('&')
      const answer = await caller.delete(`/${step.entity}?${query}`, RETURN)
      return compare(answer, remove(garden, step.entity, step.condition), step.entity, 200)
    }
    case 'item':
      return item(caller, garden, step)
  }
}

function compare(answer: Answer, outcome: Outcome, entity: Entity, status: number): void {
  if ('error' in outcome) {
    expect([answer.status, answer.row.code]).toEqual([409, outcome.error])
    return
  }
  expect(answer.status, answer.text).toBe(status)
  expect(sorted(entity, answer.rows as readonly Row[])).toEqual(sorted(entity, outcome.rows))
}

async function item(caller: Caller, garden: Garden, step: Extract<Step, { kind: 'item' }>): Promise<void> {
  const path = `/${step.entity}/${KEYS[step.entity].map((field) => step.key[field]).join()}?select=${FIELDS[step.entity]}`
  const condition: Condition = {
    kind: 'and',
    not: false,
    items: Object.entries(step.key).map(([field, value]) => ({
      kind: 'compare',
      not: false,
      field,
      operator: 'eq',
      value: value as string | number, // keys are never null
    })),
  }
  const found = garden.tables[step.entity].filter((row) => holds(condition, row) === true)
  const [method, body] =
    step.change === null
      ? ['GET', undefined]
      : step.change === 'delete'
        ? ['DELETE', undefined]
        : ['PATCH', step.change]
  const answer = await caller.send(method, path, body, RETURN)
  if (found.length === 0) {
    expect(answer.status, answer.text).toBe(404)
    return
  }
  const outcome = body
    ? update(garden, step.entity, condition, body)
    : method === 'DELETE'
      ? remove(garden, step.entity, condition)
      : { rows: found }
  if ('error' in outcome) expect([answer.status, answer.row.code]).toEqual([409, outcome.error])
  else expect([answer.status, [answer.body].flat()], answer.text).toEqual([200, [outcome.rows[0]]])
}

async function read(caller: Caller, garden: Garden, { entity, condition, embeds, limit, offset }: Read): Promise<void> {
  const query = [
    `select=${selection(entity, embeds)}`,
    ...toParameters(condition),
    ...embeds.flatMap((embed) => embedParameters(entity, embed, '')),
    `order=${KEYS[entity]}`,
    ...(limit === null ? [] : [`limit=${limit}`]),
    ...(offset === 0 ? [] : [`offset=${offset}`]),
  ].join('&')
  const answer = await caller.get(`/${entity}?${query}`)
  expect(answer.status, answer.text).toBe(200)
  const expected = look(garden, entity, condition, embeds)
  expect(answer.body, query).toEqual(expected.slice(offset, limit === null ? undefined : offset + limit))
}

function selection(entity: Entity, embeds: readonly EmbedRead[]): string {
  const inner = embeds.map(
    ({ name, inner, embeds: deeper }) =>
      `${name}${inner ? '!inner' : ''}(${selection(targetOf(entity, name), deeper)})`,
  )
  return [...FIELDS[entity], ...inner].join()
}

function embedParameters(entity: Entity, embed: EmbedRead, prefix: string): readonly string[] {
  const target = targetOf(entity, embed.name)
  const path = `${prefix}${embed.name}.`
  return [
    ...toParameters(embed.condition, path),
    `${path}order=${KEYS[target]}`,
    ...embed.embeds.flatMap((deeper) => embedParameters(target, deeper, path)),
  ]
}

type Seen = Readonly<Record<string, unknown>>

/** The rows that a condition finds, in the order of their keys, with what is embedded in them. */
function look(garden: Garden, entity: Entity, condition: Condition, embeds: readonly EmbedRead[]): readonly Seen[] {
  const rows = garden.tables[entity].filter((row) => holds(condition, row) === true)
  return sorted(entity, rows).flatMap((row): Seen[] => {
    const seen: Record<string, unknown> = { ...row }
    for (const embed of embeds) {
      const target = targetOf(entity, embed.name)
      const link = linkOf(entity, embed.name, row)
      const both: Condition = { kind: 'and', not: false, items: [link, embed.condition] }
      const found = look(garden, target, both, embed.embeds)
      if (embed.inner && found.length === 0) return []
      seen[embed.name] = isMany(embed.name) ? found : (found[0] ?? null)
    }
    return [seen]
  })
}

function linkOf(entity: Entity, name: string, row: Row): Condition {
  const [field, value] = (
    {
      'beds.plants': ['bed_code', row.code],
      'plants.bed': ['code', row.bed_code],
      'plants.leaves': ['plant_number', row.number],
      'leaves.plant': ['number', row.plant_number],
    } as Readonly<Record<string, readonly [string, string | number | null]>>
  )[`${entity}.${name}`] ?? ['', null]
  // Equality with null finds nothing.
  if (value === null) return { kind: 'or', not: false, items: [] }
  return { kind: 'compare', not: false, field, operator: 'eq', value }
}

function isMany(name: string): boolean {
  return name === 'plants' || name === 'leaves'
}

function targetOf(entity: Entity, name: string): Entity {
  return EMBEDS[entity][name] as Entity
}

async function compareAll(caller: Caller, garden: Garden): Promise<void> {
  for (const entity of Object.keys(FIELDS) as Entity[]) {
    const answer = await caller.get(`/${entity}?select=${FIELDS[entity]}&order=${KEYS[entity]}`)
    expect(answer.body).toEqual(sorted(entity, garden.tables[entity]))
  }
}
