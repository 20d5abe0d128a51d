/** Clients of any number of versions that write and read rows of their own all the time, and a ledger of what was acknowledged. */
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'

type Body = Readonly<Record<string, unknown>>

export interface Faces<Model> {
  readonly entity: string
  make(n: number): Model
  /** One part of it changed. */
  change(model: Model, part: keyof Model, n: number): Model
  readonly parts: readonly (keyof Model)[]
  /** All of it as a version shows and takes it, or what comes of one part. */
  face(model: Model, version: number, part?: keyof Model): Body
}

export interface VersionLedger {
  /** Whose clients there are from now on; `OWN` for those that name no version. */
  turn(...versions: readonly number[]): void
  /** Waits until so many more have been acknowledged. */
  more(count: number): Promise<void>
  /** Ends the clients. @returns answers that nothing announced, rows that were not what the ledger says, and how many were acknowledged. */
  stop(): Promise<{ readonly errors: readonly string[]; readonly acknowledged: number }>
  /** What a version shows that is not what was acknowledged last. */
  differences(): Promise<readonly string[]>
}

interface Row<Model> {
  readonly caller: Caller
  readonly id: string
  model: Model
}

/** Of clients that take the version that their tenant's install has. */
export const OWN = 0

const FAILED_MAX = 20

/** @example const ledger = startVersionLedger(people, [acme, globex], 2) */
export function startVersionLedger<Model>(
  { entity, make, change, parts, face }: Faces<Model>,
  callers: readonly Caller[],
  each: number,
): VersionLedger {
  const rows: Row<Model>[] = []
  const errors: string[] = []
  let live: readonly number[] = [1]
  let acknowledged = 0
  let stopping = false

  const at = (version: number): Record<string, string> => (version === OWN ? {} : { 'schema-version': String(version) })

  /** A client of a version that ends while it asks has been told when. */
  function took(answer: Answer, status: number, version: number, what: string): boolean {
    if (answer.status === status) return true
    const ended = !live.includes(version) && answer.status === 406
    if (!ended && errors.length < FAILED_MAX) errors.push(`${what} (${version}): ${answer.status} ${answer.text}`)
    return false
  }

  async function step(caller: Caller, own: Row<Model>[], n: number): Promise<void> {
    const version = live[n % live.length] as number
    const row = own[(n * 7) % 11]
    if (!row || n % 13 === 0) {
      const [id, model] = [crypto.randomUUID(), make(n)]
      const answer = await caller.post(`/${entity}`, { id, ...face(model, version) }, at(version))
      if (!took(answer, 201, version, 'create')) return
      const made = { caller, id, model }
      own.unshift(made)
      rows.push(made)
    } else {
      const part = parts[Math.floor(n / live.length) % parts.length] as keyof Model
      const model = change(row.model, part, n)
      const answer = await caller.patch(`/${entity}?id=eq.${row.id}`, face(model, version, part), at(version))
      if (!took(answer, 204, version, `update ${String(part)}`)) return
      row.model = model
      if (n % 3 === 0) await compare(row, live[(n + 1) % live.length] as number, errors)
    }
    acknowledged++
  }

  async function compare({ caller, id, model }: Row<Model>, version: number, found: string[]): Promise<void> {
    const wanted = face(model, version)
    const answer = await caller.get(`/${entity}?id=eq.${id}&select=${Object.keys(wanted).join()}`, at(version))
    if (!took(answer, 200, version, 'read')) return
    const seen = JSON.stringify(sorted(answer.rows[0] ?? {}))
    if (seen !== JSON.stringify(sorted(wanted)) && found.length < FAILED_MAX)
      found.push(`${seen} is not ${JSON.stringify(sorted(wanted))} (${version})`)
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
    turn(...versions) {
      live = versions
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
      for (const row of rows) for (const version of live) await compare(row, version, found)
      return [...found, ...errors]
    },
  }
}

function sorted(row: Body): [string, unknown][] {
  return Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
