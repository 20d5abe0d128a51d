/** What is asked of every contestant: the same rows, by the same client, in each one's own URL. */
import { NEW_EMAIL } from './reset-data.ts'

export type ScenarioName =
  | 'a: read by id'
  | 'b: list 20, embed'
  | 'c: insert'
  | 'd: update by id'
  | 'e: page of 100, two embeds'
  | 'i: read by id, row rule'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly body?: string
  /** Asked as who may see the rows of a condition only; else as who may do all. */
  readonly asReader?: true
}

/** What calls are made of. */
export interface Ids {
  readonly contacts: readonly string[]
  readonly companies: readonly string[]
}

export interface Scenario {
  readonly name: ScenarioName
  /** The ratio to reach, shown beside what was measured. */
  readonly floor: number
  /** The nth call. */
  call(n: number, ids: Ids): Call
}

const LIST = 'select=id,email,score,company:companies(name)&order=score.desc,id&limit=20'
const PAGE = 'select=id,email,first_name,score,company:companies(name),notes(id,body)&order=id&limit=100'

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a: read by id',
    floor: 0.8,
    call: (n, { contacts }) => ({ method: 'GET', path: `/contacts?id=eq.${pick(contacts, n)}` }),
  },
  {
    name: 'b: list 20, embed',
    floor: 0.85,
    call: (n, { companies }) => ({
      method: 'GET',
      path: `/contacts?${LIST}&company_id=eq.${pick(companies, n)}&score=gte.${n % 50}`,
    }),
  },
  {
    name: 'c: insert',
    floor: 0.65,
    call: (n) => ({
      method: 'POST',
      path: '/contacts',
      body: JSON.stringify({
        email: `${NEW_EMAIL}${n}@example.com`,
        first_name: 'New',
        status: 'lead',
        score: n % 100,
      }),
    }),
  },
  {
    name: 'd: update by id',
    floor: 0.6,
    call: (n, { contacts }) => ({
      method: 'PATCH',
      path: `/contacts?id=eq.${pick(contacts, n)}`,
      body: JSON.stringify({ last_name: `L${n}`, score: n % 100 }),
    }),
  },
  {
    name: 'e: page of 100, two embeds',
    floor: 0.85,
    call: (n) => ({ method: 'GET', path: `/contacts?${PAGE}&campaign=eq.0-${n % 10}` }),
  },
  {
    name: 'i: read by id, row rule',
    floor: 0.8,
    call: (n, { contacts }) => ({ method: 'GET', path: `/contacts?id=eq.${pick(contacts, n)}`, asReader: true }),
  },
]

/** Spread over all, the same for every contestant. */
function pick(ids: readonly string[], n: number): string {
  return ids[(n * 7919) % ids.length] ?? ''
}
