/** `validation.email_domain`: which domains an e-mail address may have. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

const domains = (description: string) =>
  v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.toLowerCase())), v.minLength(1), v.maxLength(500), v.description(description)),
  )

const params = v.strictObject({
  allow: domains('The domains that are allowed; all others are refused.'),
  deny: domains('The domains that are refused.'),
  subdomains: v.optional(v.pipe(v.boolean(), v.description('Whether a domain stands for those under it too.')), true),
})

export const emailDomain: FunctionDefinition = defineFunction({
  name: 'validation.email_domain',
  kind: 'validate',
  needs: 'pure',
  callable: true,
  description: 'Refuses an e-mail address by its domain: one that is denied, or none of those allowed.',
  fields: TEXT_FIELDS,
  params,
  check: ({ allow, deny }) =>
    allow || deny ? [] : [{ path: [], message: '`validation.email_domain` refuses nothing without `allow` or `deny`' }],
  run(_, value, { allow, deny, subdomains }) {
    const domain = String(value).split('@').at(-1)?.toLowerCase().replace(/\.$/, '') ?? ''
    const isIn = (list: readonly string[]): boolean =>
      list.some((one) => domain === one || (subdomains && domain.endsWith(`.${one}`)))
    if (deny && isIn(deny)) return { code: 'email_domain', detail: `may not be an address at ${domain}` }
    if (allow && !isIn(allow)) return { code: 'email_domain', detail: `must be an address at ${shown(allow)}` }
    return null
  },
})

function shown(list: readonly string[]): string {
  return list.length > 5 ? `one of ${list.length} domains` : list.join(' or ')
}
