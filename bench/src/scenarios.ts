/** What is asked of every contestant: the same rows, by the same client, in each one's own URL. */

export type ScenarioName =
  | 'a: read by id'
  | 'b: list 20, embed'
  | 'c: insert'
  | 'd: update by id'
  | 'e: page of 100, two embeds'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly body?: string
}

export interface Scenario {
  readonly name: ScenarioName
  /** The ratio to reach (issue's figures), shown beside what was measured. */
  readonly floor: number
  /** The nth call; `ids` are contacts of the tenant that is asked. */
  call(n: number, ids: readonly string[]): Call
}

const PAGE = 'select=id,email,first_name,score,company:companies(name),notes(id,body)&order=id&limit=100'

export const SCENARIOS: readonly Scenario[] = [
  { name: 'a: read by id', floor: 0.8, call: (n, ids) => ({ method: 'GET', path: `/contacts?id=eq.${pick(ids, n)}` }) },
  {
    name: 'b: list 20, embed',
    floor: 0.85,
    call: (n) => ({
      method: 'GET',
      path: `/contacts?select=id,email,score,company:companies(name)&status=eq.${['lead', 'prospect', 'customer'][n % 3]}&score=gte.${n % 50}&order=score.desc,id&limit=20`,
    }),
  },
  {
    name: 'c: insert',
    floor: 0.65,
    call: (n) => ({
      method: 'POST',
      path: '/contacts',
      body: JSON.stringify({ email: `n${n}@example.com`, first_name: 'New', status: 'lead', score: n % 100 }),
    }),
  },
  {
    name: 'd: update by id',
    floor: 0.6,
    call: (n, ids) => ({
      method: 'PATCH',
      path: `/contacts?id=eq.${pick(ids, n)}`,
      body: JSON.stringify({ last_name: `L${n}`, score: n % 100 }),
    }),
  },
  {
    name: 'e: page of 100, two embeds',
    floor: 0.85,
    call: (n) => ({ method: 'GET', path: `/contacts?${PAGE}&offset=${(n % 5) * 100}` }),
  },
]

/** Spread over all ids, the same for every contestant. */
function pick(ids: readonly string[], n: number): string {
  return ids[(n * 7919) % ids.length] ?? ''
}
