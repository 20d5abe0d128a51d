/** The part of SQL in which Postgres writes checks and defaults back: literals, columns, calls, comparisons, AND and OR. */

export type Expression =
  | { readonly kind: 'literal'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'cast'; readonly of: Expression; readonly type: string }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  /** `every` stands for ANY and ALL. */
  | {
      readonly kind: 'compare'
      readonly operator: string
      readonly left: Expression
      readonly right: Expression
      readonly every?: 'any' | 'all'
    }

type Token = readonly [kind: 'word' | 'name' | 'string' | 'number' | 'sign', text: string]

/** Thrown and caught in this module alone. */
const NOT_READ = Symbol('not read')

/**
 * Reads an expression; null where it holds anything else than the part above.
 *
 * @example parseExpression("(a >= 1)") // { kind: 'compare', operator: '>=', left: …, right: … }
 */
export function parseExpression(sql: string): Expression | null {
  try {
    const reader = createReader(tokenize(sql))
    const expression = readOr(reader)
    return reader.peek() === undefined ? expression : null
  } catch (error) {
    if (error === NOT_READ) return null
    throw error
  }
}

/** The expression without the casts around it. */
export function bare(expression: Expression): Expression {
  return expression.kind === 'cast' ? bare(expression.of) : expression
}

interface Reader {
  peek(): Token | undefined
  take(): Token
  /** Takes the token where it is this sign or word. */
  accept(text: string): boolean
}

const TOKEN =
  /\s*(?:(E?'(?:[^']|'')*')|"((?:[^"]|"")+)"|(\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([a-z_]\w*)|(::|[<>=!~@*&|^+-]+|[()[\],.]))/iy

function tokenize(sql: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  const text = sql.trimEnd()
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text)
    if (!match) throw NOT_READ
    const [, string, name, number, word, sign] = match
    if (string !== undefined) tokens.push(['string', stringValue(string)])
    else if (name !== undefined) tokens.push(['name', name.replaceAll('""', '"')])
    else if (number !== undefined) tokens.push(['number', number])
    else if (word !== undefined) tokens.push(['word', word])
    else tokens.push(['sign', sign ?? ''])
  }
  return tokens
}

/** In the `E'…'` form Postgres only ever escapes backslashes. */
function stringValue(text: string): string {
  const escaped = text.startsWith('E')
  const inner = text.slice(escaped ? 2 : 1, -1).replaceAll("''", "'")
  return escaped ? inner.replaceAll('\\\\', '\\') : inner
}

function createReader(tokens: readonly Token[]): Reader {
  let at = 0
  return {
    peek: () => tokens[at],
    take() {
      const token = tokens[at]
      if (!token) throw NOT_READ
      at += 1
      return token
    },
    accept(text) {
      const token = tokens[at]
      if (!token || token[0] === 'string' || token[0] === 'name' || token[1] !== text) return false
      at += 1
      return true
    },
  }
}

function expect(reader: Reader, text: string): void {
  if (!reader.accept(text)) throw NOT_READ
}

function readOr(reader: Reader): Expression {
  const parts = [readAnd(reader)]
  while (reader.accept('OR')) parts.push(readAnd(reader))
  return parts.length === 1 ? (parts[0] as Expression) : { kind: 'or', parts }
}

function readAnd(reader: Reader): Expression {
  const parts = [readComparison(reader)]
  while (reader.accept('AND')) parts.push(readComparison(reader))
  return parts.length === 1 ? (parts[0] as Expression) : { kind: 'and', parts }
}

function readComparison(reader: Reader): Expression {
  const left = readOperand(reader)
  const [kind, operator] = reader.peek() ?? []
  if (kind !== 'sign' || operator === undefined || !/^(?:[<>=~]+|<@)$/.test(operator)) return left
  reader.take()
  const every = reader.accept('ANY') ? 'any' : reader.accept('ALL') ? 'all' : undefined
  const right = readOperand(reader)
  return { kind: 'compare', operator, left, right, ...(every && { every }) }
}

function readOperand(reader: Reader): Expression {
  let operand = readAtom(reader)
  while (reader.accept('::')) operand = { kind: 'cast', of: operand, type: readType(reader) }
  return operand
}

function readAtom(reader: Reader): Expression {
  if (reader.accept('(')) {
    const inner = readOr(reader)
    expect(reader, ')')
    return inner
  }
  if (reader.accept('-')) {
    const [kind, text] = reader.take()
    if (kind !== 'number') throw NOT_READ
    return { kind: 'literal', text: `-${text}`, quoted: false }
  }
  const [kind, text] = reader.take()
  if (kind === 'string') return { kind: 'literal', text, quoted: true }
  if (kind === 'number') return { kind: 'literal', text, quoted: false }
  if (kind === 'sign') throw NOT_READ
  if (kind === 'word' && /^(?:true|false|null)$/i.test(text)) return { kind: 'literal', text, quoted: false }
  if (kind === 'word' && text === 'ARRAY') return { kind: 'array', items: readList(reader, '[', ']') }
  if (kind === 'word' && /^(?:NOT|IS|CASE|SELECT|ROW|CURRENT_\w+|LOCALTIME\w*|SESSION_USER)$/.test(text)) throw NOT_READ
  if (reader.peek()?.[1] === '(' && reader.peek()?.[0] === 'sign')
    return { kind: 'call', name: text.toLowerCase(), args: readList(reader, '(', ')') }
  return { kind: 'column', name: text }
}

function readList(reader: Reader, open: string, close: string): readonly Expression[] {
  expect(reader, open)
  if (reader.accept(close)) return []
  const items = [readOr(reader)]
  while (reader.accept(',')) items.push(readOr(reader))
  expect(reader, close)
  return items
}

/** `numeric(10,2)[]`, `character varying`, `timestamp with time zone`, `public.colour`. */
function readType(reader: Reader): string {
  let type = reader.take()[1]
  for (;;) {
    const [kind, text = ''] = reader.peek() ?? []
    if (kind === 'word' && /^(?:varying|precision|with|without|time|zone)$/.test(text)) type += ` ${reader.take()[1]}`
    else if (kind === 'sign' && text === '.') type += reader.take()[1] + reader.take()[1]
    else if (kind === 'sign' && text === '(') {
      const modifiers = readList(reader, '(', ')').map((item) => (item.kind === 'literal' ? item.text : ''))
      type += `(${modifiers.join(',')})`
    } else if (kind === 'sign' && text === '[') {
      reader.take()
      expect(reader, ']')
      type += '[]'
    } else return type
  }
}
