/** Clients of two versions that write and read rows of their own all the time, and a ledger of what was acknowledged. */
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Documents, renamedConvertedSplit } from './renamed-converted-split.ts'

/** What a row is, apart from how a version shows it. */
export interface Model {
  title: string
  cents: number
  first: string
  last: string
  other: string
}

/** How a version shows a row. */
export interface Face {
  /** Of everything, or of one of the model's parts. */
  body(model: Model, part?: keyof Model): Record<string, unknown>
  readonly select: string
}

const documents: Documents = renamedConvertedSplit('crm')

export const BEFORE: string = documents.before
export const AFTER: string = documents.after
export const OLD: Face = {
  select: 'title,price,name,other',
  body({ title, cents, first, last, other }, part) {
    const name = `${first} ${last}`
    const parts = { title: { title }, cents: { price: cents }, first: { name }, last: { name }, other: { other } }
    return part ? parts[part] : { title, price: cents, name, other }
  },
}
export const NEW: Face = {
  select: 'heading,price,first,last,other',
  body({ title, cents, first, last, other }, part) {
    const price = cents / 100
    const parts = { title: { heading: title }, cents: { price }, first: { first }, last: { last }, other: { other } }
    return part ? parts[part] : { heading: title, price, first, last, other }
  },
}

export type Mode = 'old' | 'both' | 'new'

export interface Ledger {
  /** Whom clients are from now on; `newer` is the number of the newer version. */
  turn(mode: Mode, newer: number): void
  /** Waits until so many more have been acknowledged. */
  more(count: number): Promise<void>
  /** Ends the clients. Errors are answers that nothing announced, and rows that were not what the ledger says. */
  stop(): Promise<{ readonly errors: readonly string[]; readonly acknowledged: number }>
  /** What a version shows that is not what was acknowledged last. */
  differences(): Promise<readonly string[]>
}

interface Row {
  readonly caller: Caller
  readonly id: string
  readonly model: Model
}

const PARTS = ['title', 'cents', 'first', 'last', 'other'] as const
const FAILED_MAX = 20

/** @example const ledger = startLedger([acme, globex], 3) */
export function startLedger(callers: readonly Caller[], each: number): Ledger {
  const rows: Row[] = []
  const errors: string[] = []
  let mode: Mode = 'old'
  let newer = 2
  let acknowledged = 0
  let stopping = false

  const faceOf = (isNew: boolean): { face: Face; headers: Record<string, string> } => ({
    face: isNew ? NEW : OLD,
    headers: { 'schema-version': String(isNew ? newer : 1) },
  })

  /** A client of a version that ends while it is served has been told when. */
  function took(answer: Answer, status: number, asked: Mode, what: string): boolean {
    if (answer.status === status) return true
    const ended = mode !== asked && answer.status === 406
    if (!ended && errors.length < FAILED_MAX) errors.push(`${what} (${asked}): ${answer.status} ${answer.text}`)
    return false
  }

  async function step(caller: Caller, own: Row[], n: number): Promise<void> {
    const asked = mode
    const isNew = asked === 'new' || (asked === 'both' && n % 2 === 0)
    const { face, headers } = faceOf(isNew)
    const row = own[n % 11]
    if (!row || (n % 7 === 0 && own.length < 200)) {
      const model = { title: `t${n}`, cents: (n * 7919) % 100_000, first: `f${n}`, last: `l${n}`, other: `o${n}` }
      const id = crypto.randomUUID()
      const answer = await caller.post('/people', { id, ...face.body(model) }, headers)
      if (!took(answer, 201, asked, 'create')) return
      const made = { caller, id, model }
      own.unshift(made)
      rows.push(made)
    } else {
      const part = PARTS[n % PARTS.length] as keyof Model
      const changed: Model = { ...row.model, [part]: part === 'cents' ? (n * 31) % 100_000 : `${part[0]}${n}` }
      const answer = await caller.patch(`/people?id=eq.${row.id}`, face.body(changed, part), headers)
      if (!took(answer, 204, asked, `update ${part}`)) return
      Object.assign(row.model, changed)
      if (n % 3 === 0) await look(row, n)
    }
    acknowledged++
  }

  /** Nobody else writes this row, so a version that serves shows what was acknowledged. */
  async function look(row: Row, n: number): Promise<void> {
    const asked = mode
    const { face, headers } = faceOf(asked === 'new' || (asked === 'both' && n % 2 === 1))
    const answer = await row.caller.get(`/people?id=eq.${row.id}&select=${face.select}`, headers)
    if (took(answer, 200, asked, 'read')) compare(row, face, answer, errors)
  }

  async function loop(caller: Caller, seed: number): Promise<void> {
    const own: Row[] = []
    for (let n = seed; !stopping; n++) {
      await step(caller, own, n).catch((error: unknown) => errors.push(String(error)))
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
  }

  const loops = callers.flatMap((caller) => Array.from({ length: each }, (_, i) => loop(caller, i * 100_000)))
  return {
    turn(next, version) {
      mode = next
      newer = version
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
      for (const row of rows) {
        const { face, headers } = faceOf(mode !== 'old')
        const answer = await row.caller.get(`/people?id=eq.${row.id}&select=${face.select}`, headers)
        compare(row, face, answer, found)
      }
      return found
    },
  }
}

function compare({ model }: Row, face: Face, answer: Answer, found: string[]): void {
  const seen = JSON.stringify(sorted(answer.rows[0] ?? {}))
  const wanted = JSON.stringify(sorted(face.body(model)))
  if (seen !== wanted && found.length < FAILED_MAX) found.push(`${seen} is not ${wanted}`)
}

function sorted(row: Record<string, unknown>): [string, unknown][] {
  return Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
