/** The fields that a policy is about, `except` worked in. */
import type { CompiledEntity, CompiledField, PolicyRow } from '@backsaas/core'
import { didYouMean } from './did-you-mean.ts'
import type { Report } from './report.ts'

/** In the order of the entity; undefined where it is about all. The same as `fields` and `except` of `access:` come to. */
export function resolveFields(
  policy: PolicyRow,
  entity: CompiledEntity,
  report: Report,
): readonly string[] | undefined {
  const { action, effect, fields, except } = policy
  const listed = fields ?? except
  if (!listed) return undefined
  const part = fields ? 'fields' : 'except'
  if (fields && except)
    report('except', { code: 'CONTRADICTION', message: 'a policy has `fields` or `except`, not both' })
  if (action === 'delete') {
    const message = 'a row is deleted as a whole, with all of its fields'
    report(part, { code: 'NOT_APPLICABLE', message })
    return undefined
  }
  if (listed.length === 0) report(part, { code: 'EMPTY_LIST', message: `\`${part}\` names one field or more` })
  checkNames(policy, part, listed, entity, report)
  const named = new Set(listed)
  const all = Object.values(entity.fields).filter(({ writable }) => action === 'read' || effect === 'deny' || writable)
  const left = all.map(({ name }) => name).filter((name) => named.has(name) === (part === 'fields'))
  if (part === 'except' && left.length === 0)
    report(part, { code: 'EMPTY_LIST', message: '`except` leaves no field', hint: 'forbid the action instead' })
  return left
}

function checkNames(
  { action, effect }: PolicyRow,
  part: 'fields' | 'except',
  names: readonly string[],
  { name: entity, fields }: CompiledEntity,
  report: Report,
): void {
  const seen = new Set<string>()
  names.forEach((name, index) => {
    const place = `${part}/${index}`
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (seen.size === seen.add(name).size) {
      report(place, { code: 'DUPLICATE_FIELD', message: `\`${name}\` stands here twice` })
    } else if (!field) {
      const hint = didYouMean(name, Object.keys(fields))
      const message = `\`${entity}\` has no field \`${name}\``
      report(place, { code: 'UNKNOWN_FIELD', message, ...(hint !== undefined && { hint }) })
    } else if (!field.writable && action !== 'read' && effect === 'allow' && part === 'fields') {
      const message = `\`${name}\` ${whose(field)}, so that no policy can allow to ${action} it`
      report(place, { code: 'NOT_APPLICABLE', message, hint: 'remove it' })
    }
  })
}

function whose({ computed }: CompiledField): string {
  return computed ? 'is computed' : 'is written by the platform alone'
}
