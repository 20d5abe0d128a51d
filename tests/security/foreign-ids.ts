/** Another tenant's id answers, byte for byte, as one that does not exist, by every route that takes an id. */
import { beforeAll, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import type { Watched } from './watched.ts'

const ABSENT = '018f0000-0000-7000-8000-00000000dddd'

/** What one id is tried with. `{company}`, `{contact}`, `{order}` and `{product}` are put in. */
const TRIES: readonly (readonly [string, string, object?])[] = [
  ['GET', '/companies?id=eq.{company}'],
  ['GET', '/companies?id=in.({company})'],
  ['GET', '/companies/{company}'],
  ['GET', '/companies?select=name,contacts(email)&id=eq.{company}'],
  ['GET', '/contacts?company_id=eq.{company}'],
  ['GET', '/contacts?select=email,company(name)&company.id=eq.{company}'],
  ['GET', '/products/{product}'],
  ['GET', '/orders/{order}'],
  ['GET', '/order_lines/{order},{product}'],
  ['GET', '/order_lines?select=*,order(*),product(*)&order_number=eq.{order}'],
  ['PATCH', '/companies?id=eq.{company}', { name: 'Stolen' }],
  ['PATCH', '/companies/{company}', { name: 'Stolen' }],
  ['PATCH', '/products/{product}', { name: 'Stolen' }],
  ['PATCH', '/contacts?email=eq.own@x.example', { company_id: '{company}' }],
  ['POST', '/contacts', { email: 'new@x.example', first_name: 'N', company_id: '{company}' }],
  ['POST', '/notes', { contact_id: '{contact}', body: 'hello' }],
  ['POST', '/order_lines', { order_number: '{order}', product_code: '{product}', quantity: 1, unit_price: '1' }],
  ['DELETE', '/companies?id=eq.{company}'],
  ['DELETE', '/companies/{company}'],
  ['DELETE', '/order_lines/{order},{product}'],
]

export function foreignIds(lend: Watched): void {
  let victim: Caller
  let attacker: Caller
  let foreign: Record<string, string>
  const absent = { company: ABSENT, contact: ABSENT, order: '999999999', product: 'NOT-THERE' }
  beforeAll(async () => {
    victim = await lend().newTenant()
    attacker = await lend().newTenant()
    foreign = await seed(victim)
    await attacker.add('contacts', [{ email: 'own@x.example', first_name: 'Own' }])
  })

  test.each<[string, string, object?]>(TRIES.map(([...one]) => one))('%s %s', async (method, path, body) => {
    const [before, own] = [await everything(victim), await everything(attacker)]
    const first = await attacker.send(method, fill(path, foreign), fillBody(body, foreign))
    const second = await attacker.send(method, fill(path, absent), fillBody(body, absent))
    expect(trace(first, foreign)).toEqual(trace(second, absent))
    for (const secret of ['Victim', 'secret@x.example']) expect(first.text).not.toContain(secret)
    expect(await everything(victim)).toEqual(before)
    expect(await everything(attacker)).toEqual(own)
  })

  test('an id that another tenant has taken is free', async () => {
    const answer = await attacker.post(
      '/products',
      { code: foreign.product, name: 'Mine' },
      { prefer: 'return=representation' },
    )
    expect([answer.status, answer.rows[0]?.name]).toEqual([201, 'Mine'])
    await attacker.delete(`/products/${foreign.product}`)
  })

  test('an upsert by an id that another tenant has taken makes a row of its own', async () => {
    const before = await everything(victim)
    const headers = { prefer: 'return=representation,resolution=merge-duplicates' }
    for (const id of [foreign.company, ABSENT]) {
      const path = '/companies?on_conflict=id&select=id,name'
      const answer = await attacker.post(path, { id, name: 'Mine' }, headers)
      expect([answer.status, answer.body]).toEqual([201, [{ id, name: 'Mine' }]])
      expect((await attacker.delete(`/companies/${id}`)).status).toBe(204)
    }
    expect(await everything(victim)).toEqual(before)
  })

  test('a key of one tenant does not open another by its path', async () => {
    const response = await lend().fetch(`${victim.restPath}/companies`, { headers: { apikey: attacker.key } })
    expect([400, 401, 403]).toContain(response.status)
  })
}

async function seed(victim: Caller): Promise<Record<string, string>> {
  const [company] = await victim.add('companies', [{ name: 'Victim' }])
  const [contact] = await victim.add('contacts', [
    { email: 'secret@x.example', first_name: 'S', company_id: company?.id },
  ])
  const [product] = await victim.add('products', [{ code: 'SECRET', name: 'Victim' }])
  // Numbers count on over all tenants of a table or for each one alone; enough orders make the last one foreign either way.
  const orders = await victim.add(
    'orders',
    Array.from({ length: 5 }, () => ({ contact_id: contact?.id, placed_on: '2024-01-01' })),
  )
  const order = orders.at(-1)
  await victim.add('order_lines', [
    { order_number: order?.number, product_code: 'SECRET', quantity: 1, unit_price: '1' },
  ])
  return {
    company: String(company?.id),
    contact: String(contact?.id),
    order: String(order?.number),
    product: String(product?.code),
  }
}

/** Every row of a tenant. */
async function everything(caller: Caller): Promise<readonly string[]> {
  const entities = ['companies', 'contacts', 'notes', 'products', 'orders', 'order_lines']
  const answers = await Promise.all(entities.map((entity) => caller.get(`/${entity}`)))
  return answers.map((answer) => answer.text)
}

/** What an answer tells: all of it but the request's own number, the time, and the ids that were sent. */
function trace(answer: Answer, ids: Record<string, string>): unknown {
  const kept = ['content-type', 'content-range', 'etag', 'location', 'cache-control', 'preference-applied']
  const requestId = answer.status >= 400 ? String(answer.row.requestId) : ''
  let text = requestId ? answer.text.replaceAll(requestId, '') : answer.text
  // A short number may stand inside other words.
  for (const id of Object.values(ids)) text = text.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), '<id>')
  return { status: answer.status, text, headers: kept.map((name) => answer.headers.get(name)) }
}

function fill(text: string, ids: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')
}

function fillBody(body: object | undefined, ids: Record<string, string>): string | undefined {
  return body && fill(JSON.stringify(body), ids)
}
