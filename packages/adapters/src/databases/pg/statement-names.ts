/**
 * Which statement texts are prepared on one connection, and under which names.
 *
 * A name that is being prepared is lent to no other use until the server has answered: what is sent behind a `Parse` that
 * then fails would be told that its statement does not exist, instead of what is wrong with it.
 */
export interface StatementNames {
  /** Where `text` is prepared; made and to be prepared where it is new; null to send it unnamed. */
  take(text: string): PreparedName | null
  /** The use that was to prepare it has ended. */
  give(name: PreparedName): void
  /** The next use prepares anew; answers the name that is no longer used. */
  forget(text: string): string | undefined
  /** How many texts have been prepared. */
  count(): number
}

export interface PreparedName {
  readonly name: string
  /** `ready` is set by who reads that the server has parsed it. */
  state: 'new' | 'taken' | 'ready'
}

/** @example const names = createStatementNames() */
export function createStatementNames(): StatementNames {
  // Unlike a counter alone, it is not another connection's too, which matters behind a pooler.
  const prefix = `bs_${crypto.randomUUID().slice(0, 13)}`
  const entries = new Map<string, PreparedName>()
  let made = 0
  return {
    take(text) {
      const known = entries.get(text)
      if (known?.state === 'ready') return known
      if (known?.state === 'taken') return null
      const entry = known ?? { name: `${prefix}_${made++}`, state: 'taken' as const }
      entry.state = 'taken'
      if (!known) entries.set(text, entry)
      return entry
    },
    give(name) {
      if (name.state === 'taken') name.state = 'new'
    },
    forget(text) {
      const entry = entries.get(text)
      entries.delete(text)
      return entry?.name
    },
    count: () => made,
  }
}
