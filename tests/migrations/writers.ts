/** Clients of two versions that write all the time, each rows of its own, and remember what was acknowledged. */
import type { Caller } from '../fixture/caller.ts'

interface Row {
  readonly caller: Caller
  readonly id: string
  /** What older clients see, and what newer ones do. */
  name: string
  cents: number
  nick: string | null
  other: string | null
}

export interface Writers {
  /** From now on some write as clients of this version. */
  live(version: number): void
  /** From now on nobody writes as a client of the older version; waits for nobody. */
  retire(): void
  goBack(): void
  untilWritten(more: number): Promise<void>
  stop(): Promise<{ readonly errors: readonly string[]; readonly acknowledged: number }>
  /** What a version shows that is not what was acknowledged last. */
  differences(): Promise<readonly string[]>
}

type Mode = 'old' | 'both' | 'new'

/** @example const writers = startWriters([acme, globex], 3) */
export function startWriters(callers: readonly Caller[], each: number): Writers {
  const rows: Row[] = []
  const errors: string[] = []
  let mode: Mode = 'old'
  let newer = 2
  let acknowledged = 0
  let stopping = false

  async function write(caller: Caller, own: Row[], n: number): Promise<void> {
    const isNew = mode === 'new' || (mode === 'both' && n % 2 === 0)
    const headers = { 'schema-version': String(isNew ? newer : 1) }
    const asked = mode
    const row = own[n % 7]
    const cents = (n * 7919) % 100_000
    const response =
      !row || n % 5 === 0
        ? await create(caller, own, n, cents, isNew, headers)
        : await update(row, n, cents, isNew, headers)
    // A client of a version that ends meanwhile has been told when.
    if (response !== null && asked === mode) errors.push(response)
  }

  async function create(
    caller: Caller,
    own: Row[],
    n: number,
    cents: number,
    isNew: boolean,
    headers: Record<string, string>,
  ): Promise<string | null> {
    const id = crypto.randomUUID()
    const name = `n${n}`
    const body = isNew
      ? { id, full_name: name, price: cents / 100, nick: `k${n}` }
      : { id, name, price: cents, ...(n % 3 === 0 && { nick: `k${n}` }) }
    const response = await caller.post('/people', body, headers)
    if (response.status !== 201) return `create ${response.status} ${response.text}`
    const nick = isNew || n % 3 === 0 ? `k${n}` : null
    const row = { caller, id, name, cents, nick, other: null }
    own.unshift(row)
    rows.push(row)
    acknowledged++
    return null
  }

  async function update(
    row: Row,
    n: number,
    cents: number,
    isNew: boolean,
    headers: Record<string, string>,
  ): Promise<string | null> {
    const kind = n % 3
    const body =
      kind === 0
        ? { other: `o${n}` }
        : kind === 1
          ? { price: isNew ? cents / 100 : cents }
          : isNew
            ? { full_name: `r${n}` }
            : { name: `r${n}` }
    const response = await row.caller.patch(`/people?id=eq.${row.id}`, body, headers)
    if (response.status !== 204) return `update ${response.status} ${response.text}`
    if (kind === 0) row.other = `o${n}`
    else if (kind === 1) row.cents = cents
    else row.name = `r${n}`
    acknowledged++
    return null
  }

  async function loop(caller: Caller, seed: number): Promise<void> {
    const own: Row[] = []
    for (let n = seed; !stopping; n++) {
      await write(caller, own, n)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  const loops = callers.flatMap((caller) => Array.from({ length: each }, (_, i) => loop(caller, i * 1000)))

  return {
    live(version) {
      newer = version
      mode = 'both'
    },
    retire() {
      mode = 'new'
    },
    goBack() {
      mode = 'old'
    },
    async untilWritten(more) {
      const goal = acknowledged + more
      const deadline = Date.now() + 60_000
      while (acknowledged < goal && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    async stop() {
      stopping = true
      await Promise.all(loops)
      return { errors, acknowledged }
    },
    async differences() {
      const found: string[] = []
      for (const row of rows) {
        const select = mode === 'new' ? 'full_name,price,nick,other' : 'name,price,nick,other'
        const headers = { 'schema-version': String(mode === 'new' ? newer : 1) }
        const response = await row.caller.get(`/people?id=eq.${row.id}&select=${select}`, headers)
        const [seen] = response.rows
        const name = mode === 'new' ? seen?.full_name : seen?.name
        const cents = mode === 'new' ? Math.round(Number(seen?.price) * 100) : seen?.price
        // What had no nick was given one.
        const nick = row.nick === null ? seen?.nick : row.nick
        if (name !== row.name || cents !== row.cents || seen?.nick !== nick || seen?.other !== row.other)
          found.push(`${JSON.stringify(seen)} is not ${JSON.stringify({ ...row, caller: undefined })}`)
      }
      return found
    },
  }
}
