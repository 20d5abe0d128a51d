/**
 * Which statement texts are prepared on one connection, and under which names.
 *
 * A name is lent to one use at a time until the server has answered: what is sent behind a `Parse` that then fails would
 * be told that its statement does not exist, instead of what is wrong with it.
 */
export interface StatementNames {
  /** The name to send `text` under, or undefined to send it unnamed. */
  take(text: string): string | undefined
  /** The use of a name that `take` gave has been answered: `ready` where it succeeded. */
  give(text: string, ready: boolean): void
  /** The next use prepares anew; answers the name that is no longer used. */
  forget(text: string): string | undefined
  /** How many texts have been prepared. */
  count(): number
}

interface Entry {
  readonly name: string
  state: 'new' | 'taken' | 'ready'
}

/** @example const names = createStatementNames() */
export function createStatementNames(): StatementNames {
  // Unlike a counter alone, it is not another connection's too, which matters behind a pooler.
  const prefix = `bs_${crypto.randomUUID().slice(0, 13)}`
  const entries = new Map<string, Entry>()
  let made = 0
  return {
    take(text) {
      const entry = entries.get(text) ?? { name: `${prefix}_${made++}`, state: 'new' }
      if (entry.state === 'taken') return undefined
      if (entry.state === 'new') {
        entry.state = 'taken'
        entries.set(text, entry)
      }
      return entry.name
    },
    give(text, ready) {
      const entry = entries.get(text)
      if (entry) entry.state = ready || entry.state === 'ready' ? 'ready' : 'new'
    },
    forget(text) {
      const entry = entries.get(text)
      entries.delete(text)
      return entry?.name
    },
    count: () => made,
  }
}
