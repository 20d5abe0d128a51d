/**
 * The parts that shapes are made of. The messages are phrases that complete "expected …"; `describe-issue.ts` makes
 * sentences of them.
 */
import * as v from 'valibot'
import type { Level } from './document.ts'

export const text: v.StringSchema<string> = v.string('a text')
export const name: v.StringSchema<string> = v.string('a name')
export const flag: v.BooleanSchema<string> = v.boolean('true or false')
export const names: v.ArraySchema<v.StringSchema<string>, string> = v.array(name, 'a list of names')
export const expression: v.StringSchema<string> = v.string('an expression in CEL, as text')

export function oneOf<const T extends readonly string[]>(options: T): v.PicklistSchema<T, string> {
  return v.picklist(options, `one of ${options.join(', ')}`)
}

/**
 * An object without other keys. Unlike `strictObject` it reports every unknown key and not the first alone; the issue
 * carries the level and the known keys for the hint. The type is that of a strict object, because `never` as an index
 * signature would swallow the entries.
 */
export function closed<const E extends v.ObjectEntries>(level: Level, entries: E): v.StrictObjectSchema<E, string> {
  const rest = v.never(`${level}|${Object.keys(entries).join('|')}`)
  return notList(v.objectWithRest(entries, rest, 'an object')) as unknown as v.StrictObjectSchema<E, string>
}

/** An object whose keys the author chooses; `message` says of what. */
export function recordOf<const S extends v.GenericSchema>(
  member: S,
  message: string,
): v.RecordSchema<v.StringSchema<undefined>, S, string> {
  return notList(v.record(v.string(), member, message))
}

/** The library takes a list for an object with the keys 0, 1, …; anything that is no object is told the same way. */
function notList<S extends v.GenericSchema & { readonly message: string | undefined }>(schema: S): S {
  const refusal = v.string(schema.message ?? 'an object')
  return {
    ...schema,
    '~run'(dataset: Parameters<S['~run']>[0], config: Parameters<S['~run']>[1]) {
      return (Array.isArray(dataset.value) ? refusal : schema)['~run'](dataset, config)
    },
  }
}

/**
 * One of several forms, told apart by what kind of value it is. A plain union would say of a fault deep inside an object
 * no more than that no form fits.
 */
export function either<const O extends readonly v.GenericSchema[]>(
  options: O,
  message: string,
): v.UnionSchema<O, string> {
  const union = v.union(options, message)
  return {
    ...union,
    '~run'(dataset, config) {
      const form = options.find((option) => KINDS[option.type]?.(dataset.value))
      // The type of `~run` does not know which option it runs.
      return form
        ? (form['~run'](dataset, config) as ReturnType<(typeof union)['~run']>)
        : union['~run'](dataset, config)
    },
  }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
/** Which values an option is meant for that has others inside. */
const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  record: isObject,
  object_with_rest: isObject,
}
