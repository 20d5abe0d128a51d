/** `validation.password_strength`: how long and how mixed a password must be. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

const CLASSES = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u]

export const passwordStrength: FunctionDefinition = defineFunction({
  name: 'validation.password_strength',
  kind: 'validate',
  needs: 'pure',
  callable: true,
  description:
    'Refuses a password that is short, of few kinds of characters, mostly one character repeated, or holds a forbidden word.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    min: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(200), v.description('Characters at least.')),
      12,
    ),
    kinds: v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(1),
        v.maxValue(4),
        v.description('How many of small letters, capitals, digits and other characters it must have.'),
      ),
      2,
    ),
    forbid: v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.minLength(3), v.toLowerCase())),
        v.maxLength(500),
        v.description('Words that may not be in it, whatever their case.'),
      ),
      [],
    ),
  }),
  run(_, value, { min, kinds, forbid }) {
    const text = String(value)
    if ([...text].length < min) return { code: 'password_short', detail: `needs ${min} characters or more` }
    if (CLASSES.filter((kind) => kind.test(text)).length < kinds)
      return {
        code: 'password_plain',
        detail: `needs ${kinds} or more of small letters, capitals, digits and other characters`,
      }
    if (new Set(text).size < min / 3) return { code: 'password_plain', detail: 'repeats too few characters' }
    const low = text.toLowerCase()
    if (forbid.some((word) => low.includes(word)))
      return { code: 'password_word', detail: 'holds a word that is easily guessed' }
    return null
  },
})
