/** Calls of functions: the table's, and those with rules of their own. */
import type { CallName, ExpressionType } from '../contracts/expression.ts'
import { elementOf } from '../expression/compare-values.ts'
import { didYouMean } from '../language/nearest-name.ts'
import { patternFault } from '../language/patterns.ts'
import { choose, mismatch } from './check-operators.ts'
import { type Checked, type Checker, own } from './checker.ts'
import { commonOf, convert, isNull, isNumber, readLiteral } from './convert.ts'
import { CONSTANTS, CONVERSIONS, type Conversion, GLOBALS, INSTEAD, MATH, METHODS, type Method } from './functions.ts'
import { makeCall } from './make-call.ts'
import type { Syntax } from './parse.ts'

type Call = Extract<Syntax, { kind: 'call' }>
type MathName = (typeof MATH)[number]

const PLACES_MAX = 100
const QUANTIFIERS: readonly string[] = ['exists', 'all', 'exists_one', 'existsOne']

export function checkCall(checker: Checker, call: Call): Checked {
  const { on, name } = call
  if (on === null) return checkGlobal(checker, call)
  const isMath = on.kind === 'name' && on.name === 'math' && !isNameOfField(checker, 'math')
  if (isMath && isOneOf(MATH, name)) return checkMath(checker, call, name)
  if (isMath) return unknown(checker, call, MATH)
  if (name === 'size') return checkSize(checker, call, [on])
  const method = own(METHODS, name)
  if (!method) return unknown(checker, call, [...Object.keys(METHODS), 'size', ...QUANTIFIERS])
  return checkMethod(checker, call, on, method)
}

function isNameOfField({ context, allowed, entity }: Checker, name: string): boolean {
  return allowed.row && context.entity !== null && own(entity(context.entity).fields, name) !== undefined
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return names.some((known) => known === name)
}

function unknown(checker: Checker, { name, at }: Call, known: readonly string[]): never {
  if (QUANTIFIERS.includes(name)) {
    const hint = `write \`list.${name}(x, condition of x)\``
    return checker.fail('WRONG_ARGUMENTS', at, `\`${name}\` takes a name and a condition`, hint)
  }
  const hint = own(INSTEAD, name) ?? didYouMean(name, known)
  return checker.fail('UNKNOWN_FUNCTION', at, `there is no function \`${name}\``, hint)
}

function checkGlobal(checker: Checker, call: Call): Checked {
  const { name, args, at } = call
  if (isConversion(name)) return checkConversion(checker, call, name)
  if (isOneOf(CONSTANTS, name)) return checkConstant(checker, call, name)
  switch (name) {
    case 'now':
    case 'today': {
      expectArguments(checker, call, 0, 0)
      if (!checker.allowed.now) {
        const hint = 'its value may depend on stored fields alone'
        return checker.fail('NOT_ALLOWED', at, `${checker.allowed.name} cannot ask for the time`, hint)
      }
      const now = makeCall(checker, 'now', [], 'timestamp', at)
      return name === 'now' ? now : makeCall(checker, 'date', [now], 'date', at)
    }
    case 'coalesce':
      expectArguments(checker, call, 1, 100)
      return choose(
        checker,
        'coalesce',
        args.map((arg) => checker.check(arg)),
        0,
        at,
      )
    case 'size':
      return checkSize(checker, call, [])
    case 'changed':
      return checkChanged(checker, call)
    case 'has': {
      expectArguments(checker, call, 1, 1)
      const [tested] = checkAll(checker, args)
      if (!tested || isNull(tested.tree)) return checker.fail('WRONG_ARGUMENTS', at, '`has` takes a field')
      return makeCall(checker, 'isNotNull', [tested], 'bool', at)
    }
  }
  const known = [...GLOBALS, ...Object.keys(CONVERSIONS), ...CONSTANTS]
  if (isOneOf(MATH, name)) {
    return checker.fail('UNKNOWN_FUNCTION', at, `there is no function \`${name}\``, `write \`math.${name}(…)\``)
  }
  if (own(METHODS, name)) {
    return checker.fail('UNKNOWN_FUNCTION', at, `\`${name}\` follows a value`, `write \`value.${name}(…)\``)
  }
  return unknown(checker, call, known)
}

function checkAll(checker: Checker, args: readonly Syntax[]): Checked[] {
  return args.map((arg) => checker.check(arg))
}

function expectArguments(checker: Checker, { name, args, at }: Call, least: number, most: number): void {
  if (args.length >= least && args.length <= most) return
  const count = least === most ? String(least) : `${least} to ${most}`
  checker.fail(
    'WRONG_ARGUMENTS',
    at,
    `\`${name}\` takes ${count} argument${most === 1 ? '' : 's'}, found ${args.length}`,
  )
}

function isConversion(name: string): name is Conversion {
  return Object.hasOwn(CONVERSIONS, name)
}

function checkConversion(checker: Checker, call: Call, to: Conversion): Checked {
  expectArguments(checker, call, 1, 1)
  const [value] = checkAll(checker, call.args)
  if (!value) return checker.fail('WRONG_ARGUMENTS', call.at, `\`${to}\` takes a value`)
  const from = value.tree.type
  if (isNull(value.tree)) return convert(checker, value, to) ?? value
  if (from === to) return value
  const isText = from === 'string' && value.tree.node === 'literal'
  if (isText && (to === 'uuid' || to === 'date' || to === 'timestamp' || to === 'decimal')) {
    return readLiteral(checker, value, value.tree.text ?? '', to)
  }
  if (to === 'decimal' || to === 'double' || to === 'timestamp' || to === 'uuid') {
    const converted = convert(checker, value, to)
    if (converted) return converted
  }
  if (!isOneOf(CONVERSIONS[to], from)) {
    const hint = from === 'double' && to === 'string' ? 'write `string(decimal(…))`' : undefined
    const takes = CONVERSIONS[to].join(', ')
    return checker.fail('TYPE_MISMATCH', call.at, `\`${to}\` takes ${takes}, found ${from}`, hint)
  }
  return makeCall(checker, to, [value], to, call.at)
}

function checkConstant(checker: Checker, call: Call, type: (typeof CONSTANTS)[number]): Checked {
  expectArguments(checker, call, 1, 1)
  const [value] = checkAll(checker, call.args)
  const text = value?.tree.node === 'literal' && value.tree.type === 'string' ? value.tree.text : null
  if (value?.tree.type === type) return value
  if (!value || text === null) {
    return checker.fail('NOT_A_LITERAL', value?.at ?? call.at, `\`${type}\` takes a text, written as it is`)
  }
  return readLiteral(checker, value, text, type)
}

function checkSize(checker: Checker, call: Call, receiver: readonly Syntax[]): Checked {
  const args = [...receiver, ...call.args]
  expectArguments(checker, { ...call, args }, 1, 1)
  const [value] = checkAll(checker, args)
  const type = value?.tree.type ?? 'null'
  if (value && (type === 'string' || type === 'bytes' || elementOf(type) !== null)) {
    return makeCall(checker, 'size', [value], 'int', call.at)
  }
  return checker.fail('TYPE_MISMATCH', call.at, `\`size\` takes string, bytes or a list, found ${type}`)
}

function checkChanged(checker: Checker, call: Call): Checked {
  expectArguments(checker, call, 1, 1)
  const { context, allowed } = checker
  if (!allowed.changed || context.entity === null) {
    return checker.fail('NOT_ALLOWED', call.at, `${allowed.name} cannot ask what a write changes`)
  }
  const [value] = checkAll(checker, call.args)
  const field = value?.tree.node === 'literal' && value.tree.type === 'string' ? value.tree.text : null
  const hint = "write `changed('status')`"
  if (!value || field === null)
    return checker.fail('NOT_A_LITERAL', call.at, '`changed` takes the name of a field', hint)
  const { fields } = checker.entity(context.entity)
  if (!own(fields, field)) {
    const near = didYouMean(field, Object.keys(fields))
    return checker.fail('UNKNOWN_FIELD', value.at, `\`${context.entity}\` has no field \`${field}\``, near)
  }
  checker.reads(context.entity, field)
  return { tree: { node: 'changed', field, type: 'bool' }, at: call.at }
}

function checkMath(checker: Checker, call: Call, name: MathName): Checked {
  const { at } = call
  if (name === 'greatest' || name === 'least') return checkExtreme(checker, call, name)
  expectArguments(checker, call, 1, name === 'round' ? 2 : 1)
  const [value, places] = checkAll(checker, call.args)
  const type = value?.tree.type ?? 'null'
  if (!value || !isNumber(type) || isNull(value.tree)) {
    return checker.fail('TYPE_MISMATCH', at, `\`math.${name}\` takes a number, found ${type}`)
  }
  if (places) {
    const count = places.tree.node === 'literal' && places.tree.type === 'int' ? Number(places.tree.text) : -1
    if (type === 'double') {
      return checker.fail(
        'TYPE_MISMATCH',
        at,
        'only a decimal is rounded to places',
        'write `decimal(…)` around a double',
      )
    }
    if (!(count >= 0 && count <= PLACES_MAX)) {
      return checker.fail(
        'NOT_A_LITERAL',
        places.at,
        `places are a whole number from 0 to ${PLACES_MAX}, written as it is`,
      )
    }
  }
  if (type === 'int' && name !== 'abs') return value
  return makeCall(checker, name, places ? [value, places] : [value], type, at)
}

function checkExtreme(checker: Checker, call: Call, name: 'greatest' | 'least'): Checked {
  expectArguments(checker, call, 1, 100)
  const [first, ...rest] = checkAll(checker, call.args)
  if (!first) return checker.fail('WRONG_ARGUMENTS', call.at, `\`math.${name}\` takes values`)
  const hint = 'it takes numbers, dates or timestamps'
  const common = commonOf([first, ...rest], 'value')
  if ('clash' in common) return mismatch(checker, `math.${name}`, common.clash, common.clash[1].at, hint)
  const { type } = common
  const values = [first, ...rest]
  const isOrdered = isNumber(type) || type === 'date' || type === 'timestamp'
  if (!isOrdered || values.some(({ tree }) => isNull(tree)))
    return mismatch(checker, `math.${name}`, values, call.at, hint)
  const converted = values.map((value) => convert(checker, value, type) ?? mismatch(checker, name, [value], value.at))
  return makeCall(checker, name, converted, type, call.at)
}

function checkMethod(checker: Checker, call: Call, on: Syntax, method: Method): Checked {
  const { name, at } = call
  const receiver = checker.check(on)
  if (!method.on.includes(receiver.tree.type) || isNull(receiver.tree)) {
    const found = isNull(receiver.tree) ? 'null' : receiver.tree.type
    const hint = method.on[0] === 'string' && isConvertible(found) ? 'write `string(…)` around it' : undefined
    return checker.fail('TYPE_MISMATCH', at, `\`${name}\` works on ${method.on.join(' or ')}, found ${found}`, hint)
  }
  if (name === 'matches' && !checker.allowed.matches) {
    const hint = 'write `contains`, `startsWith` or `endsWith`, or give the field a `pattern`'
    return checker.fail('NOT_ALLOWED', at, `${checker.allowed.name} cannot use \`matches\``, hint)
  }
  const { parameters } = method
  const least = parameters.filter(({ optional }) => !optional).length
  expectArguments(checker, call, least, parameters.length)
  const args = checkAll(checker, call.args).map((arg, index) => {
    const parameter = parameters[index]
    const isRight = parameter?.type === arg.tree.type && !isNull(arg.tree)
    if (!isRight)
      return checker.fail('TYPE_MISMATCH', arg.at, `\`${name}\` takes ${parameter?.type}, found ${arg.tree.type}`)
    if (!parameter.literal || arg.tree.node === 'literal') return arg
    return checker.fail('NOT_A_LITERAL', arg.at, `\`${name}\` takes a text, written as it is`)
  })
  checkConstants(checker, name, args)
  return makeCall(checker, method.call as CallName, [receiver, ...args], method.result, at)
}

function isConvertible(type: ExpressionType): boolean {
  return isOneOf(CONVERSIONS.string, type)
}

/** What may not stand in constants of some functions. */
function checkConstants(checker: Checker, name: string, [first]: readonly Checked[]): void {
  const text = first?.tree.node === 'literal' ? (first.tree.text ?? '') : ''
  if (name === 'replace' && text === '')
    checker.fail('BAD_LITERAL', first?.at ?? 0, '`replace` needs a text to look for')
  const fault = name === 'matches' ? patternFault(text) : undefined
  if (fault) checker.fail('BAD_LITERAL', first?.at ?? 0, `the pattern cannot be used: ${fault}`)
}
