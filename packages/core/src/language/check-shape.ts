/** Holds a document against its shape, reports every difference, and hands on the part that is sound. */
import * as v from 'valibot'
import { describeIssue } from './describe-issue.ts'
import type { SchemaDocument } from './document.ts'
import { schemaDocument } from './document-shape.ts'
import { type Path, toPointer } from './path.ts'
import type { ProblemList } from './problem-list.ts'
import type { Tree, TreeObject } from './read-yaml.ts'

export interface Shape {
  readonly document: SchemaDocument
  /** Pointers of entities and fields that lost something, so that later checks blame nobody for its absence. */
  readonly unsound: ReadonlySet<string>
}

/** Members of these objects are named by the author: a faulty one stays, empty, so that its name is still known. */
const NAMED: readonly RegExp[] = [
  /^\/(entities|roles)\/[^/]+$/,
  /^\/entities\/[^/]+\/fields\/[^/]+$/,
  /^\/entities\/[^/]+\/schema\/properties\/[^/]+$/,
]
/** A field that loses one of these has no known type any more. */
const TYPE_KEYS: ReadonlySet<unknown> = new Set(['type', 'to', 'list', 'items', 'format', 'enum', 'values', 'computed'])
/** An entity that loses one of these has fields or relations nobody knows. */
const ENTITY_KEYS: ReadonlySet<unknown> = new Set(['fields', 'schema', 'key', 'without', 'references'])
const ROUNDS_MAX = 4

/**
 * The sound part of a document; null where nothing is left to check further.
 *
 * @example checkShape(reading.tree, reading.problems)
 */
export function checkShape(tree: Tree, problems: ProblemList): Shape | null {
  if (!isObject(tree)) {
    problems.report({ path: [], code: 'WRONG_TYPE', message: 'a schema is an object that begins with `schema: name`' })
    return null
  }
  const unsound = new Set<string>()
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const result = v.safeParse(schemaDocument, tree)
    if (result.success) return { document: result.output, unsound }
    for (const issue of result.issues) {
      const path = (issue.path ?? []).map((item) => item.key as string | number)
      // What taking out a part leaves behind is no problem of the author's.
      if (round === 0) problems.report(describeIssue(issue, path))
      takeOut(tree, path, unsound)
    }
  }
  return null
}

/** Removes the value at `path`, or the nearest thing around it that can be absent. */
function takeOut(tree: TreeObject, path: Path, unsound: Set<string>): void {
  const whole = path.slice(0, removable(path))
  const parent = whole
    .slice(0, -1)
    .reduce<Tree | undefined>((node, step) => (isObject(node) ? node[step] : undefined), tree)
  const last = String(whole.at(-1) ?? '')
  markUnsound(whole, unsound)
  if (!isObject(parent)) return
  if (whole.length === 1 && last === 'schema') parent[last] = 'unnamed'
  else if (whole.length === 1 && last === 'entities') parent[last] = {}
  else if (whole.length === 4 && last === 'properties') parent[last] = {}
  else if (NAMED.some((form) => form.test(toPointer(whole)))) parent[last] = {}
  else if (last in parent) delete parent[last]
  // A required key that is missing takes its object with it; a list or rule may be out already.
  else if (whole.length === path.length) takeOut(tree, whole.slice(0, -1), unsound)
}

/** How much of a path leads to what goes as a whole: a list, and a rule of `access`, which means another without a part. */
function removable(path: Path): number {
  const listAt = path.findIndex((step) => typeof step === 'number')
  const rule = path[0] === 'entities' && path[2] === 'access' ? (path[4] === 'deny' ? 6 : 5) : path.length
  return Math.min(rule, listAt < 0 ? path.length : listAt)
}

/** A fault inside a field leaves its entity sound, a fault in a bound the field's type known. */
function markUnsound(path: Path, unsound: Set<string>): void {
  if (path[0] !== 'entities' || path.length < 2) return
  const fieldLength = path[2] === 'fields' ? 4 : path[2] === 'schema' && path[3] === 'properties' ? 5 : Number.NaN
  if (!(path.length >= fieldLength)) {
    if (path.length === 2 || ENTITY_KEYS.has(path[2])) unsound.add(toPointer(path.slice(0, 2)))
  } else if (path.length === fieldLength || TYPE_KEYS.has(path[fieldLength])) {
    unsound.add(toPointer(path.slice(0, fieldLength)))
  }
}

function isObject(value: Tree | undefined): value is TreeObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
