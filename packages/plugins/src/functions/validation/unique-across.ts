/** `validation.unique_across`: a value that stands nowhere else, in several fields and entities together. */
import {
  defineFunction,
  type FunctionContext,
  type FunctionDefinition,
  type FunctionRow,
  type Json,
} from '@backsaas/core'
import * as v from 'valibot'

const place = v.strictObject({
  entity: v.pipe(v.string(), v.description('The entity.')),
  field: v.pipe(v.string(), v.description('Its field.')),
})

const params = v.strictObject({
  among: v.pipe(
    v.array(place),
    v.minLength(1),
    v.maxLength(10),
    v.description(
      'Where else it may not stand: `{ entity, field }` each. Its own field counts only where it is named.',
    ),
  ),
  key: v.optional(v.pipe(v.string(), v.description('The field that tells rows of these entities apart.')), 'id'),
})

const TAKEN = { code: 'unique_across', detail: 'is taken already' } as const
/** Values of one question. */
const CHUNK = 200

export const uniqueAcross: FunctionDefinition = defineFunction({
  name: 'validation.unique_across',
  kind: 'validate',
  needs: 'reads',
  old: true,
  description:
    'Refuses a value that stands in one of several fields already, whoever may see it. Two requests of the same moment may both pass: within one entity, `unique` is the lock.',
  fields: ['string', 'text', 'integer', 'bigint', 'uuid'],
  params,
  check({ among, key }, { entities }) {
    return among.flatMap(({ entity, field }, index) =>
      [entity, ...(entities[entity] ? [field, key] : [])].flatMap((name, part) => {
        if (part === 0 ? entities[name] : entities[entity]?.[name]) return []
        const message = part === 0 ? `there is no entity \`${name}\`` : `\`${entity}\` has no field \`${name}\``
        return [{ path: part === 2 ? ['key'] : ['among', index, part === 0 ? 'entity' : 'field'], message }]
      }),
    )
  },
  async run(context, value, given) {
    const [problem] = await judge(context, [value], given, [{ old: context.old }])
    return problem ?? null
  },
  runAll: (context, values, given, rows) => judge(context, values, given, rows),
})

async function judge(
  context: FunctionContext,
  values: readonly Json[],
  { among, key }: v.InferOutput<typeof params>,
  rows: readonly { readonly old: FunctionRow | null }[],
): Promise<readonly (typeof TAKEN | null)[]> {
  const { entity, action } = context.operation
  const taken = new Map<string, Set<string>>()
  for (const { entity: where, field } of among)
    for (let at = 0; at < values.length; at += CHUNK) {
      const asked = [...new Set(values.slice(at, at + CHUNK).map(String))]
      const found = await context.system.find(where, { where: { [field]: asked }, select: [field, key], limit: 1000 })
      for (const row of found) {
        const owners = taken.get(String(row[field])) ?? new Set()
        // The row that is being changed is not in its own way.
        owners.add(`${where}/${row[key]}`)
        taken.set(String(row[field]), owners)
      }
    }
  const isOwn = among.some((one) => one.entity === entity && one.field === context.field)
  const seen = new Set<string>()
  return values.map((value, at) => {
    const own = action === 'update' ? `${entity}/${rows[at]?.old?.[key]}` : null
    const others = [...(taken.get(String(value)) ?? [])].filter((owner) => owner !== own)
    const isTwice = isOwn && seen.has(String(value))
    seen.add(String(value))
    return others.length > 0 || isTwice ? TAKEN : null
  })
}
