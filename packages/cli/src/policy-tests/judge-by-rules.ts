/** Rows whose key a caller does not see cannot be named in its requests: there the rules alone are asked. */
import type { CompiledEntity, Identity } from '@backsaas/core'
import { type Asking, askExplanation, type Told } from './ask-explanation.ts'
import { together } from './attempt.ts'
import type { StoredRow } from './insert-rows.ts'
import type { Verdict } from './result.ts'
import type { World } from './world.ts'

/** Of an entity that the caller sees nothing of, every request tells that. */
export async function seesKey(world: World, caller: Identity, { name, key }: CompiledEntity): Promise<boolean> {
  const { code } = await world.ask(caller, { method: 'GET', path: `${name}?select=${key.join(',')}&limit=0` })
  return code !== '42703'
}

export async function judgeByRules(world: World, caller: Identity, asking: Asking, row: StoredRow): Promise<Verdict> {
  const { fields, ...rest } = asking
  if (!fields) return verdictOf(await askExplanation(world, caller, rest, row), asking)
  const verdicts: (Verdict & { field: string })[] = []
  for (const field of fields) {
    const told = await askExplanation(world, caller, { ...rest, fields: [field] }, row)
    verdicts.push({ ...verdictOf(told, asking), field })
  }
  return together(verdicts, asking.action === 'read' ? 'seen' : 'given')
}

function verdictOf(told: Told | null, { action, entity, input }: Asking): Verdict {
  const request = `explain_access ${action} ${entity}`
  if (told === null) return { access: 'unclear', request, detail: 'the rules cannot be asked' }
  const granting = told.rules.filter(({ effect }) => effect === 'allow')
  const isOpen = told.decision === 'allow' && action === 'update' && !input
  if (isOpen && granting.every(({ holds }) => holds !== true) && granting.some(({ holds }) => holds === null))
    return { access: 'unclear', request, detail: `${told.reason}: give the \`input\` that is meant` }
  return { access: told.decision, request, detail: told.reason }
}
