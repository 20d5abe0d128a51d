/** The `Prefer` header (RFC 7240) in the dialect's words. */
import { BackSaasError } from '@backsaas/core'

export interface Preferences {
  readonly return: 'minimal' | 'representation' | 'headers-only'
  readonly count: 'none' | 'exact' | 'planned' | 'estimated'
  readonly resolution: 'merge' | 'ignore' | null
  readonly missing: 'default' | 'null'
  readonly handling: 'strict' | 'lenient'
  readonly tx: 'commit' | 'rollback'
  readonly maxAffected: number | null
  /** The zone that times are written in. */
  readonly timeZone: string | null
  /** What was understood, for `Preference-Applied`. */
  readonly applied: readonly string[]
}

const NONE: Preferences = Object.freeze({
  return: 'minimal',
  count: 'none',
  resolution: null,
  missing: 'null',
  handling: 'lenient',
  tx: 'commit',
  maxAffected: null,
  timeZone: null,
  applied: [],
})

const KNOWN: Readonly<Record<string, Partial<Preferences>>> = {
  'return=minimal': { return: 'minimal' },
  'return=representation': { return: 'representation' },
  'return=headers-only': { return: 'headers-only' },
  'count=exact': { count: 'exact' },
  'count=planned': { count: 'planned' },
  'count=estimated': { count: 'estimated' },
  'resolution=merge-duplicates': { resolution: 'merge' },
  'resolution=ignore-duplicates': { resolution: 'ignore' },
  'missing=default': { missing: 'default' },
  'missing=null': { missing: 'null' },
  'handling=strict': { handling: 'strict' },
  'handling=lenient': { handling: 'lenient' },
  'tx=commit': { tx: 'commit' },
  'tx=rollback': { tx: 'rollback' },
}

/**
 * @throws `PGRST122` (400) under `handling=strict` where a preference is not known.
 * @example readPreferences('return=representation, count=exact')
 */
export function readPreferences(header: string | null): Preferences {
  if (!header) return NONE
  const seen = new Set<string>()
  const invalid: string[] = []
  let preferences: Preferences = NONE
  for (const word of header
    .split(/[,;]/)
    .map((part) => part.trim())
    .filter(Boolean)) {
    const name = word.split('=', 1)[0] ?? word
    const known = readWord(word, name)
    if (!known) invalid.push(word)
    // RFC 7240: the first of several values for one preference holds.
    else if (!seen.has(name)) preferences = { ...preferences, ...known, applied: [...preferences.applied, word] }
    seen.add(name)
  }
  if (invalid.length > 0 && preferences.handling === 'strict')
    throw new BackSaasError('PGRST122', 400, 'Invalid preferences given with handling=strict', {
      details: `Invalid preferences: ${invalid.join(', ')}`,
    })
  return preferences
}

/** What one preference asks for; undefined where it is not known or its value makes no sense. */
function readWord(word: string, name: string): Partial<Preferences> | undefined {
  const value = word.slice(name.length + 1)
  if (name === 'max-affected') return /^\d{1,15}$/.test(value) ? { maxAffected: Number(value) } : undefined
  if (name === 'timezone') return isTimeZone(value) ? { timeZone: value } : undefined
  return Object.hasOwn(KNOWN, word) ? KNOWN[word] : undefined
}

/** A name of the time zone database. Offsets are refused: Postgres and everybody else disagree about their sign. */
function isTimeZone(name: string): boolean {
  if (!/^[a-z][a-z0-9_+-]*(?:\/[a-z0-9_+-]+)*$/i.test(name) || name.length > 64) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false // how the platform says that it knows no such zone
  }
}
