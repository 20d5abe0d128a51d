/**
 * Looks through a YAML text lexeme by lexeme before it is parsed, and refuses what would make parsing costly or is no
 * part of the language: depth, size, anchors, aliases, tags, directives. Keeps nothing but counters.
 */
import { CST, Lexer } from 'yaml'
import type { Problem } from './problem.ts'

const BYTES_MAX = 1_048_576
const DEPTH_MAX = 64
/** A schema of 200 entities with 15 fields each has about 50,000 lexemes besides white space. */
const LEXEMES_MAX = 60_000
const BLANKS_MAX = 150_000
/** Of the marks of lists and maps, those inside of texts too: so many are refused without a look at the lexemes. */
const MARKS_MAX = 2 * LEXEMES_MAX
/** Of one text: the parser keeps its lines apart. */
const TEXT_MAX = 65_536
const EMPTY_LINES = '\n'.repeat(TEXT_MAX + 1)
/** Of one number: to read it takes time by the square of its length. */
const NUMBER_MAX = 1000
const REFUSED_MAX = 20

const REFUSED: Readonly<Record<string, readonly [code: string, message: string, hint: string]>> = {
  anchor: ['YAML_ANCHOR', 'anchors are not part of the language', 'write the value out where it is used'],
  alias: [
    'YAML_ALIAS',
    'aliases are not part of the language',
    'write the value out, or quote text that begins with *',
  ],
  tag: ['YAML_TAG', 'tags are not part of the language', 'remove it, or quote text that begins with !'],
  'directive-line': ['YAML_DIRECTIVE', 'YAML directives are not part of the language', 'remove the line'],
}

/** Where the scan stands; depth in blocks is the number of enclosing columns. */
interface Place {
  line: number
  column: number
  lineBegins: boolean
  afterIndicator: boolean
  flowDepth: number
  readonly columns: number[]
}

/** The problems that forbid parsing; none for a text that can be parsed in bounded time and memory. */
export function scanYaml(text: string): readonly Problem[] {
  if (text.length > BYTES_MAX || new TextEncoder().encode(text).length > BYTES_MAX) {
    return [problem(1, 1, 'TOO_LARGE', 'the schema is larger than 1 MB')]
  }
  return forbiddenCharacter(text) ?? emptyLines(text) ?? tooManyMarks(text) ?? scanLexemes(text)
}

function forbiddenCharacter(text: string): readonly Problem[] | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const index = text.isWellFormed() ? text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/) : 0
  if (index < 0) return undefined
  const before = text.slice(0, index).split('\n')
  const code = (text.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const message = text.isWellFormed() ? `the character U+${code} may not stand in a schema` : 'the text is not Unicode'
  return [problem(before.length, (before.at(-1)?.length ?? 0) + 1, 'FORBIDDEN_CHARACTER', message)]
}

/** So many in a row are too many inside of a text as well as outside; to go through them one by one takes long. */
function emptyLines(text: string): readonly Problem[] | undefined {
  const index = text.indexOf(EMPTY_LINES)
  if (index < 0) return undefined
  const line = text.slice(0, index).split('\n').length
  return [problem(line, 1, 'TOO_MANY_PARTS', 'the schema has too many empty lines')]
}

/** To take a text apart costs a hundred times as much as to count. */
function tooManyMarks(text: string): readonly Problem[] | undefined {
  let marks = 0
  for (let index = 0; index < text.length; index++) {
    if (isMark(text.charCodeAt(index)) && ++marks > MARKS_MAX) {
      const before = text.slice(0, index).split('\n')
      const column = (before.at(-1)?.length ?? 0) + 1
      return [problem(before.length, column, 'TOO_MANY_PARTS', 'the schema has too many parts to be read')]
    }
  }
  return undefined
}

/** Whether it is one of `,` `[` `]` `{` `}`. */
function isMark(code: number): boolean {
  return code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d
}

function scanLexemes(text: string): readonly Problem[] {
  const problems: Problem[] = []
  const place: Place = { line: 1, column: 1, lineBegins: true, afterIndicator: false, flowDepth: 0, columns: [] }
  let lexemes = 0
  let blanks = 0
  let scalar = false
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === CST.SCALAR) scalar = true
    if (lexeme === CST.SCALAR || lexeme === CST.DOCUMENT || lexeme === CST.FLOW_END) continue
    const type = scalar ? 'scalar' : (CST.tokenType(lexeme) ?? 'scalar')
    scalar = false
    const blank = type === 'space' || type === 'newline' || type === 'comment' || type === 'byte-order-mark'
    if (blank ? ++blanks > BLANKS_MAX : ++lexemes > LEXEMES_MAX) {
      return [problem(place.line, place.column, 'TOO_MANY_PARTS', 'the schema has too many parts to be read')]
    }
    const refused = refusal(type, lexeme, lexemes)
    if (refused) problems.push(problem(place.line, place.column, ...refused))
    if (problems.length >= REFUSED_MAX) break
    if (!blank && depthAfter(place, type, lexeme) > DEPTH_MAX) {
      return [problem(place.line, place.column, 'TOO_DEEP', `the schema is nested deeper than ${DEPTH_MAX} levels`)]
    }
    advance(place, lexeme)
  }
  return problems
}

function refusal(type: string, lexeme: string, count: number): readonly [string, string, string?] | undefined {
  if (type === 'doc-start' && count > 1)
    return ['YAML_DOCUMENTS', 'a schema is one document', 'remove what follows ---']
  if (type === 'scalar' && lexeme.length > NUMBER_MAX && /^[-+.\da-fox]+$/i.test(lexeme)) {
    return ['TOO_LARGE', 'the number is too long']
  }
  return lexeme.length > TEXT_MAX ? ['TOO_LARGE', `a text is longer than ${TEXT_MAX} characters`] : REFUSED[type]
}

/** Takes a lexeme that is not blank into account and says how deep its content stands. */
function depthAfter(place: Place, type: string, lexeme: string): number {
  const { columns, column } = place
  const blockText = type === 'scalar' && place.lineBegins && /^\s/.test(lexeme)
  if (place.flowDepth === 0 && !blockText && (place.lineBegins || place.afterIndicator)) {
    while ((columns.at(-1) ?? 0) >= column) columns.pop()
    columns.push(column)
  }
  place.lineBegins = false
  place.afterIndicator = type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind'
  if (type === 'flow-map-start' || type === 'flow-seq-start') place.flowDepth++
  if (type === 'flow-map-end' || type === 'flow-seq-end') place.flowDepth = Math.max(0, place.flowDepth - 1)
  return columns.length + place.flowDepth
}

function advance(place: Place, lexeme: string): void {
  const lastBreak = lexeme.lastIndexOf('\n')
  if (lastBreak < 0) {
    place.column += lexeme.length
    return
  }
  for (let at = lexeme.indexOf('\n'); at >= 0; at = lexeme.indexOf('\n', at + 1)) place.line++
  place.column = lexeme.length - lastBreak
  place.lineBegins = true
  place.afterIndicator = false
}

function problem(line: number, column: number, code: string, message: string, hint?: string): Problem {
  return { pointer: '', line, column, code, message, ...(hint && { hint }) }
}
