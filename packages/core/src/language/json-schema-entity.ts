/** Reads the fields of an entity that is written as a JSON Schema. */
import type { FieldType } from '../contracts/field-type.ts'
import type { FieldDocument, JsonSchemaDocument, JsonSchemaItem, JsonType, PropertyDocument } from './document.ts'
import { FORMATS } from './document.ts'
import type { FieldDraft } from './draft.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'
import type { ProblemList } from './problem-list.ts'

/** JSON Schema's formats that are types of ours. */
const FORMAT_TYPES: Readonly<Record<string, FieldType>> = {
  'date-time': 'timestamp',
  date: 'date',
  time: 'time',
  duration: 'interval',
  uuid: 'uuid',
}
const PLAIN_TYPES: Readonly<Partial<Record<JsonType, FieldType>>> = {
  string: 'string',
  integer: 'integer',
  number: 'decimal',
  boolean: 'boolean',
  object: 'json',
}

/**
 * The properties as fields: `maxLength` becomes `max`, `enum` an enum, `format: date-time` a timestamp, a list of
 * scalars a list, any other array or object JSON. `path` leads to the schema; `keys` may be required undeclared.
 */
export function draftJsonSchemaFields(
  schema: JsonSchemaDocument,
  path: Path,
  keys: ReadonlySet<string>,
  isSound: (path: Path) => boolean,
  problems: ProblemList,
): ReadonlyMap<string, FieldDraft> {
  const required = new Set(schema.required)
  const fields = new Map<string, FieldDraft>()
  for (const [name, property] of Object.entries(schema.properties)) {
    const place = [...path, 'properties', name]
    fields.set(name, draftProperty(name, property, place, required.has(name), isSound(place), problems))
  }
  for (const [index, name] of (schema.required ?? []).entries()) {
    if (fields.has(name) || keys.has(name) || !isSound(path.slice(0, 2))) continue
    problems.report({
      path: [...path, 'required', index],
      code: 'UNKNOWN_FIELD',
      message: `\`required\` names \`${name}\`, which is not among the properties`,
      hint: () => didYouMean(name, fields.keys()),
    })
  }
  return fields
}

function draftProperty(
  name: string,
  property: PropertyDocument,
  path: Path,
  required: boolean,
  sound: boolean,
  problems: ProblemList,
): FieldDraft {
  const types = [property.type ?? []].flat()
  const main = types.filter((type) => type !== 'null')
  if (sound && (main.length > 1 || (main.length === 0 && !property.enum))) {
    const message = 'a property has one `type`, and `null` beside it where it may be empty'
    problems.report({ path: [...path, 'type'], code: 'UNSUPPORTED_TYPE', message })
  }
  if (required && types.includes('null')) {
    const message = 'a required property may not be null'
    problems.report({
      path: [...path, 'type'],
      code: 'CONTRADICTION',
      message,
      hint: 'remove `null` or the name from `required`',
    })
  }
  const { items } = property
  const isList = main[0] === 'array' && items !== undefined && items.type !== 'object'
  if (main[0] !== 'array' && (items || property.minItems !== undefined || property.maxItems !== undefined)) {
    problems.report({ path, code: 'NOT_APPLICABLE', message: '`items`, `minItems` and `maxItems` are for arrays' })
  }
  const itemPath = isList ? [...path, 'items'] : path
  const places: Partial<Record<keyof FieldDocument, Path>> = {}
  const document: FieldDocument = {
    ...readValue(
      isList ? items : property,
      isList ? items.type : main[0],
      { path: itemPath, places, sound, isList },
      problems,
    ),
    ...(property.description !== undefined && { description: property.description }),
    ...(property.default !== undefined && { default: property.default }),
    ...(required && { required }),
  }
  if (isList || main[0] === 'array') readList(document, property, isList, path, places)
  return { name, path, sound, document, places }
}

interface ValuePlace {
  readonly path: Path
  /** Filled with where each option was found. */
  readonly places: Partial<Record<keyof FieldDocument, Path>>
  readonly sound: boolean
  readonly isList: boolean
}

/** What the values are: of the property, or of the items of a list. */
function readValue(
  value: JsonSchemaItem,
  jsonType: JsonType | JsonType[] | undefined,
  { path, places, sound, isList }: ValuePlace,
  problems: ProblemList,
): FieldDocument {
  const single = Array.isArray(jsonType) ? jsonType[0] : jsonType
  const document: FieldDocument = {}
  const take = <K extends keyof FieldDocument>(
    option: K,
    keyword: keyof JsonSchemaItem,
    found: FieldDocument[K],
  ): void => {
    if (found === undefined) return
    document[option] = found
    places[option] = [...path, keyword]
  }
  const isText = single === 'string' || (single === undefined && value.enum !== undefined)
  const format = isText ? value.format : undefined
  const known = (FORMATS as readonly string[]).includes(format ?? '')
  const formatType = format !== undefined && Object.hasOwn(FORMAT_TYPES, format) ? FORMAT_TYPES[format] : undefined
  take('type', 'type', value.enum && isText ? 'enum' : (formatType ?? (single && (PLAIN_TYPES[single] ?? 'json'))))
  take('values', 'enum', value.enum)
  take('pattern', 'pattern', value.pattern)
  const [least, most] = isText ? (['minLength', 'maxLength'] as const) : (['minimum', 'maximum'] as const)
  if (!isList) take('min', least, value[least])
  if (!isList) take('max', most, value[most])
  if (known && !formatType) take('format', 'format', format)
  const stray = isText ? (['minimum', 'maximum'] as const) : (['minLength', 'maxLength', 'format'] as const)
  const refused = isList ? [...stray, least, most] : stray
  for (const keyword of refused.filter((keyword) => value[keyword] !== undefined)) {
    const message = `\`${keyword}\` does not apply to ${isList ? 'the items of a list' : (single ?? 'this type')}`
    problems.report({ path: [...path, keyword], at: 'key', code: 'NOT_APPLICABLE', message })
  }
  if (sound && format !== undefined && !known && !formatType) {
    const all = [...FORMATS, ...Object.keys(FORMAT_TYPES)]
    const message = `expected one of ${all.join(', ')}, found "${format}"`
    problems.report({ path: [...path, 'format'], code: 'UNKNOWN_VALUE', message, hint: () => didYouMean(format, all) })
  }
  return document
}

/** A list's own bounds; an array of no known scalar is JSON and keeps them, to be refused as not applicable. */
function readList(
  document: FieldDocument,
  property: PropertyDocument,
  isList: boolean,
  path: Path,
  places: Partial<Record<keyof FieldDocument, Path>>,
): void {
  if (isList) document.list = true
  for (const [option, keyword] of [
    ['min', 'minItems'],
    ['max', 'maxItems'],
  ] as const) {
    const bound = property[keyword]
    if (bound === undefined) continue
    document[option] = bound
    places[option] = [...path, keyword]
  }
}
