/** `transform.slug`: a text as it stands in URLs, of the field itself or of another one. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

/** Letters that lose more than their accent. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{
    ä: 'ae',
    ö: 'oe',
    ü: 'ue',
    ß: 'ss',
    æ: 'ae',
    ø: 'oe',
    œ: 'oe',
    å: 'aa',
    ł: 'l',
    đ: 'd',
    ð: 'd',
    þ: 'th',
    ı: 'i',
  },
}

export const slug: FunctionDefinition = defineFunction({
  name: 'transform.slug',
  kind: 'compute',
  needs: 'pure',
  callable: true,
  description:
    'Makes a text of small letters, digits and hyphens. With `from`, of another field where the field itself is not given.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    from: v.optional(v.pipe(v.string(), v.description('The field that it is made of where its own has no value.'))),
    max: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200), v.description('Characters at most.')),
      80,
    ),
  }),
  check({ from }, { entity, entities }) {
    return from === undefined || entities[entity]?.[from] !== undefined
      ? []
      : [{ path: ['from'], message: `\`${entity}\` has no field \`${from}\`` }]
  },
  run({ row }, value, { from, max }) {
    const source = value ?? (from === undefined ? null : row[from])
    if (typeof source !== 'string') return undefined
    return slugOf(source).slice(0, max).replace(/-$/, '')
  },
})

const NOT_ASCII = /[^\0-\x7f]/

function slugOf(text: string): string {
  const low = text.toLowerCase()
  return (NOT_ASCII.test(low) ? plain(low) : low).replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
}

function plain(text: string): string {
  return text
    .replaceAll(/[^\0-\x7f]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
}
