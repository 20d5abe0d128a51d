/** A place inside a document: the keys and indexes that lead to it from the root. */

export type Path = readonly (string | number)[]

/** The path as a JSON pointer (RFC 6901); the root is the empty text. */
export function toPointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
