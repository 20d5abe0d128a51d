/** Clients of two versions that write and read rows of their own all the time, and a ledger of what was acknowledged. */
import type { Answer } from '../fixture/answer.ts'
import type { Caller, HeaderValues } from '../fixture/caller.ts'

/** Of a change: the version before, and the one after. */
export type Side = 'old' | 'new'
/** Which of them clients are of. */
export type Mode = Side | 'both'

/** What is written, and what the row is then. */
export interface Change<Model> {
  readonly model: Model
  readonly body: Readonly<Record<string, unknown>>
}

/** What the rows are, apart from how a version shows them. */
export interface Subject<Model> {
  /** Null where clients of this version do not make such rows. */
  create(n: number, side: Side): Change<Model> | null
  update(model: Model, n: number, side: Side): Change<Model> | null
  /** Null where this version does not show it. */
  shows(model: Model, side: Side): { readonly entity: string; readonly row: Readonly<Record<string, unknown>> } | null
}

export interface LedgerOptions {
  /** Clients of each tenant. */
  readonly each: number
  /** Said with every request besides. */
  readonly headers?: HeaderValues
}

export interface Ledger {
  /** Whom clients are from now on; `newer` are the numbers of newer versions, which show and take the same. */
  turn(mode: Mode, ...newer: readonly number[]): void
  /** Waits until so many more have been acknowledged. */
  more(count: number): Promise<void>
  /** Ends the clients. Errors are answers that nothing announced, and rows that were not what the ledger says. */
  stop(): Promise<{ readonly errors: readonly string[]; readonly acknowledged: number }>
  /** What a version shows that is not what was acknowledged last. */
  differences(): Promise<readonly string[]>
}

interface Row<Model> {
  readonly caller: Caller
  readonly id: string
  model: Model
}

const FAILED_MAX = 20
const ROWS_MAX = 200

/** @example const ledger = startLedger(people, [acme, globex], { each: 3 }) */
export function startLedger<Model>(
  subject: Subject<Model>,
  callers: readonly Caller[],
  { each, headers = {} }: LedgerOptions,
): Ledger {
  const rows: Row<Model>[] = []
  const errors: string[] = []
  let mode: Mode = 'old'
  let newer: readonly number[] = [2]
  let turns = 0
  let acknowledged = 0
  let stopping = false

  const at = (side: Side): HeaderValues => {
    const version = side === 'new' ? newer[turns++ % newer.length] : 1
    return { ...headers, 'schema-version': String(version) }
  }
  const sideOf = (asked: Mode, even: boolean): Side => (asked === 'both' ? (even ? 'new' : 'old') : asked)

  /** A client of a version that ends while it is served has been told when. */
  function took(answer: Answer, status: number, asked: Mode, what: string): boolean {
    if (answer.status === status) return true
    const ended = mode !== asked && answer.status === 406
    if (!ended && errors.length < FAILED_MAX) errors.push(`${what} (${asked}): ${answer.status} ${answer.text}`)
    return false
  }

  async function step(caller: Caller, own: Row<Model>[], n: number): Promise<void> {
    const asked = mode
    const side = sideOf(asked, n % 2 === 0)
    const row = own[n % 11]
    if (!row || (n % 7 === 0 && own.length < ROWS_MAX)) await make(caller, own, n, side, asked)
    else await change(row, n, side, asked)
  }

  async function make(caller: Caller, own: Row<Model>[], n: number, side: Side, asked: Mode): Promise<void> {
    const made = subject.create(n, side)
    const shown = made && subject.shows(made.model, side)
    if (!shown) return
    const id = crypto.randomUUID()
    const answer = await caller.post(`/${shown.entity}`, { id, ...made.body }, at(side))
    if (!took(answer, 201, asked, 'create')) return
    const row = { caller, id, model: made.model }
    own.unshift(row)
    rows.push(row)
    acknowledged++
  }

  async function change(row: Row<Model>, n: number, side: Side, asked: Mode): Promise<void> {
    const changed = subject.update(row.model, n, side)
    const shown = changed && subject.shows(changed.model, side)
    if (!shown) return
    const answer = await row.caller.patch(`/${shown.entity}?id=eq.${row.id}`, changed.body, at(side))
    if (!took(answer, 204, asked, `update ${Object.keys(changed.body).join()}`)) return
    row.model = changed.model
    if (n % 3 === 0) await look(row, n)
    acknowledged++
  }

  /** Nobody else writes this row, so a version that serves shows what was acknowledged. */
  async function look(row: Row<Model>, n: number): Promise<void> {
    const asked = mode
    await compare(row, sideOf(asked, n % 2 === 1), errors, (answer) => took(answer, 200, asked, 'read'))
  }

  async function compare(
    { caller, id, model }: Row<Model>,
    side: Side,
    found: string[],
    readable: (answer: Answer) => boolean,
  ): Promise<void> {
    const shown = subject.shows(model, side)
    if (!shown) return
    const answer = await caller.get(`/${shown.entity}?id=eq.${id}&select=${Object.keys(shown.row).join()}`, at(side))
    if (!readable(answer)) return
    const seen = JSON.stringify(sorted(answer.rows[0] ?? {}))
    const wanted = JSON.stringify(sorted(shown.row))
    if (seen !== wanted && found.length < FAILED_MAX) found.push(`${seen} is not ${wanted} (${side})`)
  }

  async function loop(caller: Caller, seed: number): Promise<void> {
    const own: Row<Model>[] = []
    for (let n = seed; !stopping; n++) {
      await step(caller, own, n).catch((error: unknown) => errors.push(String(error)))
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
  }

  const loops = callers.flatMap((caller) => Array.from({ length: each }, (_, i) => loop(caller, i * 1_000_000)))
  return {
    turn(next, ...versions) {
      mode = next
      newer = versions
    },
    async more(count) {
      const goal = acknowledged + count
      while (acknowledged < goal && errors.length < FAILED_MAX) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    async stop() {
      stopping = true
      await Promise.all(loops)
      return { errors, acknowledged }
    },
    async differences() {
      const found: string[] = []
      const sides: readonly Side[] = mode === 'both' ? ['old', 'new'] : [mode]
      for (const row of rows) {
        for (const side of sides) {
          await compare(row, side, found, (answer) => {
            if (answer.status !== 200) found.push(`${answer.status} ${answer.text} (${side})`)
            return answer.status === 200
          })
        }
      }
      return found
    },
  }
}

function sorted(row: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
