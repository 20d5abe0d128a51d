/** YAML or JSON text to plain values, strictly: every key once, every number exact, every value with its place. */
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar, type YAMLMap } from 'yaml'
import { compareDecimals, parseDecimal } from './decimal-number.ts'
import type { Path } from './path.ts'
import { type Problem, SchemaProblems } from './problem.ts'
import { createProblemList, type Locate, type ProblemList, type Report } from './problem-list.ts'
import { type ScalarStyle, scalarOffset } from './scalar-offset.ts'
import { scanYaml } from './scan-yaml.ts'

/** JSON, and bigints where a number cannot hold an integer exactly. Objects have no prototype. */
export type Tree = null | boolean | number | bigint | string | Tree[] | TreeObject
export interface TreeObject {
  [key: string]: Tree
}

export interface Reading {
  readonly tree: Tree
  readonly problems: ProblemList
  readonly locate: Locate
  /** The place of a character of the text at `path`. */
  readonly locateIn: LocateIn
}

/** `offset` counts the code units of the text's value. */
export type LocateIn = (path: Path, offset: number) => ReturnType<Position>

type Position = (offset: number) => { readonly line: number; readonly column: number }

interface Reader {
  readonly position: Position
  readonly problems: ProblemList
}

/** Names that JavaScript itself gives a meaning to. */
const HOSTILE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const SYNTAX_ERRORS_MAX = 50

/**
 * Reads a text of one document.
 *
 * @returns its value, and a list that holds what is wrong with it so far and places what is found later.
 * @throws `SchemaProblems` where the text is too large, too deep, or no YAML.
 */
export function readYaml(text: string): Reading {
  const refused = scanYaml(text)
  if (refused.length > 0) throw new SchemaProblems(refused)
  const lineCounter = new LineCounter()
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    intAsBigInt: true,
    stringKeys: true,
    // The library compares each key with every other one; `readMap` uses a set.
    uniqueKeys: false,
    merge: false,
    customTags: [],
    // Anything quieter drops errors too, that of a second document for one.
    logLevel: 'error',
    version: '1.2',
  })
  const position: Position = (offset) => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (document.errors.length > 0) {
    throw new SchemaProblems(
      document.errors.slice(0, SYNTAX_ERRORS_MAX).map((error): Problem => {
        return { pointer: '', ...position(error.pos[0]), code: 'YAML_SYNTAX', message: error.message }
      }),
    )
  }
  const locate = locator(document.contents, position)
  const problems = createProblemList(locate)
  const tree = readNode(document.contents, [], { position, problems })
  return { tree, problems, locate, locateIn: innerLocator(document.contents, text, position) }
}

/** Walks from the root at each call: problems are few, and an index of every place would cost more. */
function locator(root: Node | null, position: Position): Locate {
  return (path, at) => {
    let node: unknown = root
    let offset = root?.range?.[0] ?? 0
    for (const [index, step] of path.entries()) {
      const pair = isMap(node) ? findPair(node, String(step)) : undefined
      const child: unknown = pair ? pair.value : isSeq(node) ? node.items[Number(step)] : undefined
      const keyOffset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined
      if (keyOffset === undefined && child === undefined) break
      const wantsKey = at === 'key' && index === path.length - 1
      offset = (wantsKey ? keyOffset : undefined) ?? valueOffset(child) ?? keyOffset ?? offset
      node = child
    }
    return position(offset)
  }
}

function innerLocator(root: Node | null, text: string, position: Position): LocateIn {
  return (path, offset) => {
    let node: unknown = root
    for (const step of path) {
      node = isMap(node) ? findPair(node, String(step))?.value : isSeq(node) ? node.items[Number(step)] : undefined
    }
    if (!isScalar(node) || !node.range) return position(0)
    const [begin, end] = node.range
    const style = (node.type ?? 'PLAIN') as ScalarStyle
    return position(begin + scalarOffset(text.slice(begin, end), style, String(node.value), offset))
  }
}

function findPair(map: YAMLMap, key: string): { key: unknown; value: unknown } | undefined {
  return map.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === key)
}

function valueOffset(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined
}

function readNode(node: unknown, path: Path, reader: Reader): Tree {
  if (isMap(node)) return readMap(node, path, reader)
  if (isSeq(node)) return node.items.map((item, index) => readNode(item, [...path, index], reader))
  return isScalar(node) ? readScalar(node, path, reader.problems) : null
}

function readMap(map: YAMLMap, path: Path, reader: Reader): TreeObject {
  const object: TreeObject = Object.create(null)
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value ?? '') : ''
    const fault = faultOfKey(key, object)
    if (fault) {
      // By offset: a path finds the first of two equal keys.
      const place = isScalar(pair.key) && pair.key.range ? reader.position(pair.key.range[0]) : undefined
      reader.problems.report({ path: [...path, key], at: 'key', ...fault, ...(place && { place }) })
    } else object[key] = readNode(pair.value, [...path, key], reader)
  }
  return object
}

function faultOfKey(key: string, object: TreeObject): Pick<Report, 'code' | 'message'> | undefined {
  if (key === '<<') return { code: 'YAML_MERGE_KEY', message: 'merge keys are not part of the language' }
  if (HOSTILE_KEYS.has(key)) return { code: 'UNKNOWN_KEY', message: `\`${key}\` may not be a name` }
  return key in object ? { code: 'DUPLICATE_KEY', message: `\`${key}\` stands here twice` } : undefined
}

function readScalar({ value, source }: Scalar, path: Path, problems: ProblemList): Tree {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : value
  if (typeof value === 'number') return readFloat(value, source ?? String(value), path, problems)
  if (typeof value === 'boolean' || value === null) return value
  const text = String(value)
  if (text.includes('\0') || !text.isWellFormed()) {
    const message = 'the text holds a character that no database text can hold'
    problems.report({ path, code: 'FORBIDDEN_CHARACTER', message })
  }
  return text
}

function readFloat(value: number, source: string, path: Path, problems: ProblemList): number {
  const written = parseDecimal(source)
  const kept = parseDecimal(value)
  if (!written || !kept || compareDecimals(written, kept) !== 0) {
    const hint = 'write it in quotes where a decimal is expected'
    problems.report({ path, code: 'NUMBER_INEXACT', message: `${source} cannot be kept exactly`, hint })
  }
  return value === 0 ? 0 : value
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
}
