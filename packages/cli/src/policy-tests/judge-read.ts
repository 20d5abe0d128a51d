/** Whether a caller sees a row, or fields of it. */
import type { CompiledEntity, Identity } from '@backsaas/core'
import { askExplanation } from './ask-explanation.ts'
import { attempt, together } from './attempt.ts'
import { itemPath, type StoredRow } from './insert-rows.ts'
import type { Verdict } from './result.ts'
import type { World } from './world.ts'

/** @param row null: whether any row could be seen. */
export async function judgeRead(
  world: World,
  caller: Identity,
  entity: CompiledEntity,
  row: StoredRow | null,
  fields: readonly string[] | undefined,
): Promise<Verdict> {
  const path = row ? itemPath(entity, row.key) : entity.name
  const limit = row ? '' : 'limit=0'
  if (!fields) return attempt(world, caller, { method: 'GET', path: row ? path : `${path}?${limit}` })
  const verdicts: (Verdict & { field: string })[] = []
  for (const field of fields) verdicts.push({ ...(await judgeField(world, caller, path, limit, row, field)), field })
  return together(verdicts, 'seen')
}

async function judgeField(
  world: World,
  caller: Identity,
  path: string,
  limit: string,
  row: StoredRow | null,
  field: string,
): Promise<Verdict> {
  const query = [`select=${field}`, limit].filter((part) => part !== '').join('&')
  const tried = await attempt(world, caller, { method: 'GET', path: `${path}?${query}` })
  if (!row || tried.access !== 'allow') return tried
  const shown = (tried.answered.body as Readonly<Record<string, unknown>> | null)?.[field] ?? null // an item is an object
  if (shown !== null) return tried
  const isSeen = row.values[field] === null && (await isTold(world, caller, row, field))
  return { ...tried, access: isSeen ? 'allow' : 'deny', detail: isSeen ? null : `${field} is hidden in this row` }
}

/** A null is shown as what is hidden is: only the rules can tell. */
async function isTold(world: World, caller: Identity, row: StoredRow, field: string): Promise<boolean> {
  const told = await askExplanation(world, caller, { action: 'read', entity: row.entity.name, fields: [field] }, row)
  return told?.decision === 'allow'
}
