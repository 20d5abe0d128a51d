/** `validation.url`: web addresses by scheme and host. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

const names = (description: string) =>
  v.pipe(v.array(v.pipe(v.string(), v.toLowerCase())), v.minLength(1), v.maxLength(100), v.description(description))

export const url: FunctionDefinition = defineFunction({
  name: 'validation.url',
  kind: 'validate',
  needs: 'pure',
  callable: true,
  description: 'Refuses what is no URL of an allowed scheme and host, or has a user or password in it.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    schemes: v.optional(names('The schemes that are allowed.'), ['https', 'http']),
    hosts: v.optional(names('The hosts that are allowed, those under them included; all unless given.')),
  }),
  run(_, value, { schemes, hosts }) {
    const text = String(value)
    if (!URL.canParse(text)) return { code: 'url', detail: 'is no URL' }
    const { protocol, hostname, username, password } = new URL(text)
    if (!schemes.includes(protocol.slice(0, -1)))
      return { code: 'url_scheme', detail: `must begin with ${schemes.map((one) => `${one}:`).join(' or ')}` }
    if (username !== '' || password !== '') return { code: 'url', detail: 'may not hold a user or password' }
    if (hosts && !hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`)))
      return { code: 'url_host', detail: `must lead to ${hosts.slice(0, 5).join(' or ')}` }
    return null
  },
})
