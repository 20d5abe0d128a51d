/** What clients of the old version may meet while both versions are live, in sentences. */
import type { Layout } from './layout.ts'
import type { TablePlan } from './plan-table.ts'

export function announce({ tables, matches, context }: Layout): string[] {
  const lines = tables.flatMap(ofTable)
  const gone = matches.removed.map(
    (name) => `${name}: no client of version ${context.toVersion} sees it; its table is put aside at the end`,
  )
  return [...lines, ...gone]
}

function ofTable(plan: TablePlan): string[] {
  const { entity } = plan.pair.after
  const say = (text: string): string => `${entity.name}: ${text}`
  const converted = plan.sync.links.some(({ old, ups }) => old.length > 0 && ups.length > 0)
  return [
    ...plan.unique.map(({ fields }) =>
      say(`older clients get 409 (23505) where ${fields.join(', ')} of two rows would be the same`),
    ),
    ...plan.narrower.map(({ field }) =>
      say(`older clients get 400 (23514) where ${field} is out of its narrower bounds`),
    ),
    ...plan.required
      .filter(({ name }) => !plan.sync.fills.some(({ column }) => column === plan.pair.after.physical.columns[name]))
      .map(({ name }) => say(`older clients get 400 (23502, 23514) where ${name} comes to nothing`)),
    ...plan.relaxed.unique.map((fields) =>
      say(`newer clients get 409 (23505) too where ${fields} of two rows would be the same, until the contract`),
    ),
    ...plan.relaxed.bounds.map((field) =>
      say(`newer clients get 400 (23514) where ${field} is out of its older bounds, until the contract`),
    ),
    ...plan.references.map(({ name }) => say(`older clients get 409 (23503) where ${name} leads nowhere`)),
    ...(converted ? [say('older clients get 400 where a value cannot be converted')] : []),
  ]
}
