/** Sorts characters into the classes that a pattern tells apart. */

/** Characters that are all alike to the pattern, or the end of the text. */
export interface CharacterClass {
  readonly index: number
  /** 1 where the set holds them. */
  readonly inSets: Uint8Array
  readonly kind: 'word' | 'other' | 'end'
}

export interface CharacterClasses {
  /** The class of a code point. */
  of(code: number): CharacterClass
  readonly end: CharacterClass
}

const ASCII = 128
/** How many of the other code points are remembered. */
const CODES_MAX = 4096

/**
 * @param sets regular expressions, each of one character.
 * @example characterClasses(['[a-z]', '[aeiou]']).of(97).inSets // Uint8Array [1, 1]
 */
export function characterClasses(sets: readonly string[]): CharacterClasses {
  const tests = sets.map((set) => new RegExp(`^${set}$`, 'u'))
  const bySets = new Map<string, CharacterClass>()
  const byCode = new Map<number, CharacterClass>()
  const ascii: (CharacterClass | undefined)[] = Array.from({ length: ASCII })

  function read(code: number): CharacterClass {
    const character = String.fromCodePoint(code)
    const inSets = Uint8Array.from(tests, (test) => (test.test(character) ? 1 : 0))
    const kind = /^\w$/.test(character) ? 'word' : 'other'
    const key = `${kind}${inSets.join('')}`
    const found = bySets.get(key) ?? { index: bySets.size + 1, inSets, kind }
    bySets.set(key, found)
    return found
  }

  return {
    end: { index: 0, inSets: new Uint8Array(sets.length), kind: 'end' },
    of(code) {
      const known = code < ASCII ? ascii[code] : byCode.get(code)
      if (known) return known
      const found = read(code)
      if (code < ASCII) ascii[code] = found
      else {
        if (byCode.size >= CODES_MAX) byCode.clear()
        byCode.set(code, found)
      }
      return found
    },
  }
}
