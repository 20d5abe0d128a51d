/** Physical names: readable, at most 63 bytes, and never given twice. */

/** The physical name that a table (`field` null) or a column should have; made unique and cut to length if need be. */
export type Naming = (entity: string, field: string | null) => string

/** Gives out names that are not taken yet. */
export type NameGiver = (wanted: string) => string

/** Tables and columns are called as the schema calls them. */
export const readableNaming: Naming = (entity, field) => field ?? entity

const MAX_BYTES = 63
const encoder = new TextEncoder()

/**
 * A giver of names, none of which is in `taken`, is longer than 63 bytes, or is given a second time.
 *
 * @example
 *   const give = createNames(['contacts'])
 *   give('contacts') // 'contacts_2'
 */
export function createNames(taken: Iterable<string>): NameGiver {
  const used = new Set(taken)
  return (wanted) => {
    const base = fit(wanted, '')
    let name = base
    for (let n = 2; used.has(name); n++) name = fit(base, `_${n}`)
    used.add(name)
    return name
  }
}

/** `text` with `suffix`; what is too long is cut and ends in a hash of the whole, so that long names stay apart. */
export function fit(text: string, suffix: string): string {
  if (encoder.encode(text + suffix).length <= MAX_BYTES) return text + suffix
  const tail = `_${fnv1a(text)}${suffix}`
  let head = ''
  let room = MAX_BYTES - encoder.encode(tail).length
  for (const character of text) {
    room -= encoder.encode(character).length
    if (room < 0) break
    head += character
  }
  return head + tail
}

/** 32-bit FNV-1a in hex: short and synchronous; uniqueness is checked by who calls. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
