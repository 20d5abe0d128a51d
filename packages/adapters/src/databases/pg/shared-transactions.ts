/**
 * Batches for the same tenant, say, that meet on one connection in one turn of the event loop: sent as one transaction,
 * which spares the server beginning, entering, committing and making durable one for each. Where one fails nothing of the
 * transaction is kept, so each is sent again by itself: what goes wrong with one of them is its own affair.
 */
import type { Statement } from '@backsaas/core'
import type { Outcome } from '../session.ts'
import { isServerError } from './driver.ts'
import type { Settled } from './pipelined-query.ts'

/** How the connection sends: statements with one Sync behind them. */
export interface Sender {
  send(statements: readonly Statement[]): Promise<Settled>
  outcome(settled: Settled): Outcome
}

export interface SharedTransactions {
  /** Waits for the end of the turn, or until the transaction is full. */
  add(word: string, batch: Batch): Promise<Outcome>
  /** At the end of a turn: sends what has met. */
  flush(): void
}

interface Batch {
  readonly statements: readonly Statement[]
  /** As in the hints of a batch; empty where it locks nothing. */
  readonly locks: string
}

interface Member extends Batch {
  readonly settle: (outcome: Outcome | Promise<Outcome>) => void
}

/** So many batches make one transaction: each answer waits for all of it. */
const MAX_MEMBERS = 8

/** @example const shared = createSharedTransactions({ send: (statements) => send(sending, statements), outcome }) */
export function createSharedTransactions(sender: Sender): SharedTransactions {
  const meetings = new Map<string, Member[]>()

  return {
    add: (word, batch) =>
      new Promise((settle) => {
        const members = meetings.get(word)
        if (members === undefined) meetings.set(word, [{ ...batch, settle }])
        else if (members.push({ ...batch, settle }) === MAX_MEMBERS) {
          meetings.delete(word)
          void sendTogether(members, sender)
        }
      }),
    flush() {
      for (const members of meetings.values()) void sendTogether(members, sender)
      meetings.clear()
    },
  }
}

/** Sent again is only what the server has said to be undone: of a connection that is lost nobody knows what was kept. */
async function sendTogether(members: Member[], sender: Sender): Promise<void> {
  if (members.length > 1) members.sort(byLocks)
  const settled = await sender.send(members.flatMap(({ statements }) => statements))
  const { answers, failure } = settled
  const isUndone = isServerError(failure?.error) && failure.error.severity === 'ERROR'
  let from = 0
  for (const { statements, settle } of members) {
    const own = answers.slice(from, from + statements.length)
    from += statements.length
    if (!failure) settle({ ok: true, answers: own })
    else if (isUndone && members.length > 1) settle(sender.send(statements).then(sender.outcome))
    else settle(sender.outcome(settled))
  }
}

function byLocks(a: Batch, b: Batch): number {
  return a.locks < b.locks ? -1 : a.locks > b.locks ? 1 : 0
}
