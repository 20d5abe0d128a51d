/** Checks the options of every declared field against its type and against each other. */
import type { CompiledField } from '../contracts/compiled.ts'
import { boundOf } from './bounds.ts'
import { checkComputed } from './check-computed.ts'
import { compareDecimals, fitsPrecision, parseDecimal } from './decimal-number.ts'
import type { FieldDocument } from './document.ts'
import { type Draft, type EntityDraft, type FieldDraft, optionPath, type SayOfField } from './draft.ts'
import { expressionDefault, isExpressionDefault, literalOf } from './literals.ts'
import { patternFault } from './patterns.ts'
import { KEY_TYPES } from './resolve-keys.ts'

type Option = keyof FieldDocument

const ON_REFERENCES: ReadonlySet<Option> = new Set<Option>([
  ...(['description', 'required', 'unique', 'default', 'to', 'as', 'on_delete', 'check'] as const),
  ...(['renamed_from', 'convert', 'fill', 'orphans'] as const),
])
const NEEDS: Readonly<Partial<Record<Option, string>>> = {
  as: 'a field without `to`',
  on_delete: 'a field without `to`',
  stored: 'a field without `computed`',
  orphans: 'a field without `to`',
}
const FIELDS_MAX = 1000
const VALUES_MAX = 1000

/** Reports every option that does not fit. Needs `resolveFields` to have run. */
export function checkFields(draft: Draft): void {
  for (const entity of draft.entities.values()) {
    if (entity.declared.size > FIELDS_MAX) {
      const message = `an entity has at most ${FIELDS_MAX} fields`
      draft.problems.report({ path: entity.path, at: 'key', code: 'TOO_MANY_FIELDS', message })
    }
    for (const field of entity.declared.values()) {
      const say: SayOfField = (option, code, message, hint) => {
        const at = code === 'NOT_APPLICABLE' ? 'key' : 'value'
        draft.problems.report({ path: optionPath(field, option), at, code, message, hint })
      }
      checkField(draft, entity, field, say)
    }
  }
}

function checkField(draft: Draft, entity: EntityDraft, field: FieldDraft, say: SayOfField): void {
  const { document } = field
  if (document.computed !== undefined) {
    checkComputed(document, say)
    return
  }
  if (document.to === undefined && document.type === undefined) {
    if (!field.sound || entity.document.schema) return
    const message = `\`${field.name}\` needs a \`type\`, or \`to\` where it refers to an entity`
    draft.problems.report({ path: field.path, at: 'key', code: 'MISSING_KEY', message })
    return
  }
  checkApplicable(document, say)
  if (document.pattern !== undefined) {
    const fault = patternFault(document.pattern)
    if (fault) say('pattern', 'PATTERN_INVALID', `the pattern cannot be used: ${fault}`)
  }
  if (document.type === 'enum' && document.to === undefined) checkEnum(draft, field, say)
  const compiled = entity.fields.get(field.name)
  if (!compiled || compiled.name !== field.name) return
  checkKeyField(entity, compiled, document, say)
  if (document.to === undefined) checkNumbers(compiled, document, say)
  checkDefault(compiled, field, say)
}

/** Which options mean something for the type. */
function checkApplicable(document: FieldDocument, say: SayOfField): void {
  const { type, list } = document
  const isText = type === 'string' || type === 'text'
  const isNumber = type === 'integer' || type === 'bigint' || type === 'decimal' || type === 'float'
  const allowed: Partial<Record<Option, boolean>> = {
    values: type === 'enum',
    strict: document.strict === false || (type === 'enum' && list !== true),
    format: isText,
    pattern: isText,
    precision: type === 'decimal',
    scale: type === 'decimal' && document.precision !== undefined,
    min: isText || isNumber || list === true,
    max: isText || isNumber || list === true,
    identity: document.identity === false || (type === 'bigint' && list !== true),
    unique: document.unique === false || type !== 'json',
    as: false,
    on_delete: false,
    stored: false,
    map: type === 'enum' && list !== true,
    orphans: false,
  }
  const options = Object.keys(document) as Option[]
  for (const option of options) {
    if (document.to === undefined && allowed[option] === false) {
      const hint = option === 'scale' ? 'it needs `precision`' : undefined
      const what = NEEDS[option] ?? (list ? `a list of ${type}` : type)
      say(option, 'NOT_APPLICABLE', `\`${option}\` does not apply to ${what}`, hint)
    } else if (document.to !== undefined && !ON_REFERENCES.has(option)) {
      const message = `\`${option}\` does not apply to a reference: its type follows the key of \`${document.to}\``
      say(option, 'NOT_APPLICABLE', message)
    }
  }
}

function checkEnum(draft: Draft, field: FieldDraft, say: SayOfField): void {
  const { values } = field.document
  if (values === undefined && field.sound) {
    const path = optionPath(field, 'type')
    draft.problems.report({ path, code: 'ENUM_WITHOUT_VALUES', message: 'an enum needs `values`' })
  } else if (values?.length === 0) say('values', 'ENUM_WITHOUT_VALUES', 'an enum has one value or more')
  const seen = new Set<string>()
  const twice = values?.find((value) => seen.size === seen.add(value).size)
  if (twice !== undefined) say('values', 'DUPLICATE_VALUE', `"${twice}" stands here twice`)
  if (values && values.length > VALUES_MAX) {
    say('values', 'TOO_MANY_VALUES', `an enum has at most ${VALUES_MAX} values`, 'make it an entity')
  }
  if (values?.includes('')) say('values', 'EMPTY_VALUE', 'a value may not be empty')
}

function checkKeyField(entity: EntityDraft, field: CompiledField, document: FieldDocument, say: SayOfField): void {
  const isKey = entity.key.includes(field.name)
  if (isKey && (field.list || !KEY_TYPES.has(field.type)) && document.to === undefined) {
    say('type', 'KEY_TYPE', `a ${field.list ? 'list' : field.type} cannot be a key`)
  }
  if (document.identity && !isKey) say('identity', 'IDENTITY_NOT_KEY', '`identity` is for key fields')
  if (document.identity && document.default !== undefined) {
    say('default', 'CONTRADICTION', 'an identity field makes its own values and takes no default')
  }
}

function checkNumbers(field: CompiledField, document: FieldDocument, say: SayOfField): void {
  for (const option of ['min', 'max'] as const) {
    const fault = boundOf(field.type, field.list, document[option])?.fault
    if (fault) say(option, 'BOUND_INVALID', fault)
  }
  if (field.min !== undefined && field.max !== undefined && isLess(field.max, field.min)) {
    say('max', 'BOUNDS_CROSSED', `max (${field.max}) is less than min (${field.min})`)
  }
  const { precision, scale } = document
  if (precision !== undefined && (precision < 1 || precision > 1000)) {
    say('precision', 'BOUND_INVALID', 'a precision is between 1 and 1000')
  }
  if (precision !== undefined && scale !== undefined && scale > precision) {
    say('scale', 'BOUNDS_CROSSED', `scale (${scale}) is more than precision (${precision})`)
  }
}

function checkDefault(field: CompiledField, { document }: FieldDraft, say: SayOfField): void {
  const value = document.default
  if (isExpressionDefault(value)) {
    if (expressionDefault(value) !== undefined) return
    const hint = 'write `default: { cel: "…" }` and nothing beside it'
    say('default', 'WRONG_TYPE', 'a default with `cel` is an expression, written as text', hint)
    return
  }
  if (value === null && field.required) say('default', 'CONTRADICTION', 'a required field cannot default to nothing')
  const { literal, fault } = literalOf({ type: field.type, list: field.list, values: new Set(field.values) }, value)
  if (fault !== undefined) {
    const hint =
      field.type === 'boolean' && typeof value === 'string' ? 'YAML 1.2 knows `true` and `false` alone' : undefined
    say('default', 'DEFAULT_INVALID', `the default does not fit: ${fault}`, hint)
  }
  if (literal === undefined) return
  const sizes = field.list ? [(literal as readonly unknown[]).length] : [sizeOf(field, literal)]
  const beyond = sizes.find((size) => size !== undefined && !isWithin(size, field))
  if (beyond !== undefined) say('default', 'DEFAULT_INVALID', 'the default is not between `min` and `max`')
  for (const item of field.precision === undefined ? [] : [literal].flat()) {
    const decimal = parseDecimal(String(item))
    if (decimal && !fitsPrecision(decimal, field.precision ?? 0, field.scale ?? 0)) {
      say('default', 'DEFAULT_INVALID', `the default ${String(item)} has too many digits`)
    }
  }
}

/** What bounds measure: the length of a text, the value of a number. */
function sizeOf(field: CompiledField, literal: unknown): number | string | undefined {
  if (field.type === 'string' || field.type === 'text') return [...String(literal)].length
  return typeof literal === 'number' || (typeof literal === 'string' && /^(decimal|bigint)$/.test(field.type))
    ? literal
    : undefined
}

function isWithin(size: number | string, { min, max }: CompiledField): boolean {
  return !(min !== undefined && isLess(size, min)) && !(max !== undefined && isLess(max, size))
}

function isLess(a: number | string, b: number | string): boolean {
  const [left, right] = [parseDecimal(a), parseDecimal(b)]
  return left !== null && right !== null && compareDecimals(left, right) < 0
}
