/** A source file as the rules see it: what it imports, exports and how long it and its functions are. */
import { parseAst } from 'vitest/node'

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string
  readonly lines: number
  readonly startsWithComment: boolean
  /** Specifiers of static and dynamic imports, re-exports and type imports, in their order. */
  readonly imports: readonly string[]
  readonly hasDefaultExport: boolean
  /** Nothing but re-exports, at least one. */
  readonly isBarrel: boolean
  /** Without the lines of functions declared within: a factory's functions are read one by one. Callbacks count. */
  readonly functions: readonly { readonly name: string; readonly lines: number }[]
}

/** Any node of the syntax tree; the tree is read by shape, because the rules need few of its kinds. */
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

const DECLARED = ['FunctionDeclaration', 'FunctionExpression']
const FUNCTIONS = [...DECLARED, 'ArrowFunctionExpression']
const REEXPORTS = ['ExportAllDeclaration', 'ExportNamedDeclaration']
const IMPORTS = ['ImportDeclaration', 'ImportExpression', 'TSImportType', ...REEXPORTS]

/**
 * Reads one file.
 *
 * @throws a `SyntaxError` of the parser where the text is not TypeScript.
 * @example readSourceFile('packages/core/src/index.ts', "export * from './contracts/json.ts'\n").isBarrel // true
 */
export function readSourceFile(path: string, text: string): SourceFile {
  const program: unknown = parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' })
  if (!isNode(program)) throw new TypeError(`${path}: the parser gave no tree`)
  const nodes = [...walk(program)]
  const body = Array.isArray(program.body) ? program.body.filter(isNode) : []
  return {
    path,
    lines: lineCount(text),
    startsWithComment: /^(#!.*\n)?\/(\*\*|\/)/.test(text),
    imports: nodes.filter((node) => IMPORTS.includes(node.type)).flatMap(specifierOf),
    hasDefaultExport: body.some((node) => node.type === 'ExportDefaultDeclaration'),
    isBarrel: body.length > 0 && body.every((node) => REEXPORTS.includes(node.type) && isNode(node.source)),
    functions: nodes
      .filter((node) => FUNCTIONS.includes(node.type))
      .map((node) => ({ name: nameOf(node), lines: ownLines(node, text) })),
  }
}

function* walk(node: Node): Generator<Node> {
  yield node
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** None where the module is not a plain text (an export without `from`, a computed import). */
function specifierOf(node: Node): string[] {
  const source = isNode(node.source) ? node.source : node.argument
  return isNode(source) && typeof source.value === 'string' ? [source.value] : []
}

function nameOf(node: Node): string {
  return isNode(node.id) && typeof node.id.name === 'string' ? node.id.name : '(anonymous)'
}

function ownLines(node: Node, text: string): number {
  const declared = [...declaredWithin(node)].map((inner) => lineCount(text.slice(inner.start, inner.end)))
  return lineCount(text.slice(node.start, node.end)) - declared.reduce((sum, lines) => sum + lines, 0)
}

/** The outermost functions declared within a node, as declarations or as methods. */
function* declaredWithin(node: Node): Generator<Node> {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (!isNode(child)) continue
      if (DECLARED.includes(child.type)) yield child
      else yield* declaredWithin(child)
    }
  }
}

function lineCount(text: string): number {
  return text.replace(/\n$/, '').split('\n').length
}
