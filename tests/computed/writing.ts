/** Stored fields follow every write, given ones are refused, and defaults are worked out per row. */
import { beforeAll, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

const RETURN = { prefer: 'return=representation' }
const MERGE = { prefer: 'return=representation,resolution=merge-duplicates' }
const IGNORE = { prefer: 'return=representation,resolution=ignore-duplicates' }

export function writing(lend: Lend): void {
  let caller: Caller
  beforeAll(async () => {
    caller = await lend().newTenant()
  })
  /** What is stored of one person, by their first name. */
  const stored = async (first: string): Promise<unknown> =>
    (await caller.get(`/people?select=full,domain,share,slug&first=eq.${first}`)).body

  test('an insert answers with both kinds, and has stored the one', async () => {
    const made = await caller.post('/people?select=full,domain,share', person('Ada', { amount: 9, parts: 2 }), RETURN)
    expect([made.status, made.body]).toEqual([201, [{ full: 'Ada', domain: 'ada.example', share: 4 }]])
    expect(await stored('Ada')).toEqual([{ full: 'Ada', domain: 'ada.example', share: 4, slug: 'me@ada.example' }])
  })

  test('many rows at once, and rows of different fields', async () => {
    const many = Array.from({ length: 50 }, (_, i) => person(`M${i}`, { amount: 100 + i }))
    const made = await caller.post('/people?select=first,share', many, RETURN)
    expect(made.body).toEqual(many.map(({ first, amount }) => ({ first, share: amount })))
    const mixed = [person('Mix', { amount: 8, parts: 4 }), person('Max', { amount: 6 })]
    const columns = await caller.post('/people?select=share', mixed, {
      prefer: 'return=representation,missing=default',
    })
    expect(columns.body).toEqual([{ share: 2 }, { share: 6 }])
  })

  test('an update of what an expression reads changes it, of anything else does not', async () => {
    await caller.add('people', [person('Eve', { amount: 8, parts: 2 })])
    const moved = await caller.patch('/people?first=eq.Eve&select=full,domain,share', { parts: 4, last: 'Oh' }, RETURN)
    expect(moved.body).toEqual([{ full: 'Eve Oh', domain: 'eve.example', share: 2 }])
    await caller.patch('/people?domain=eq.eve.example', { email: 'Eve@new.example' })
    expect(await stored('Eve')).toEqual([{ full: 'Eve Oh', domain: 'new.example', share: 2, slug: 'eve@new.example' }])
    expect((await caller.patch('/people?domain=eq.eve.example', { last: 'no one' }, RETURN)).body).toEqual([])
  })

  test('an upsert on a stored field merges, or leaves as it is', async () => {
    await caller.add('people', [person('Una', { amount: 2 })])
    const again = person('Una', { email: 'ME@una.example', amount: 6 })
    const merged = await caller.post('/people?on_conflict=slug&select=email,domain,share', again, MERGE)
    expect([merged.status, merged.body]).toEqual([200, [{ email: 'ME@una.example', domain: 'una.example', share: 6 }]])
    const left = await caller.post('/people?on_conflict=slug', { ...again, amount: 1 }, IGNORE)
    expect(left.body).toEqual([])
    expect(await stored('Una')).toEqual([{ full: 'Una', domain: 'una.example', share: 6, slug: 'me@una.example' }])
    const [row] = (await caller.get('/people?select=id&first=eq.Una')).rows
    const byKey = await caller.post(
      '/people?select=domain,slug',
      { ...again, id: row?.id, email: 'u@x.example' },
      MERGE,
    )
    expect(byKey.body).toEqual([{ domain: 'x.example', slug: 'u@x.example' }])
  })

  test('a stored field that is unique is so: 23505 with its name', async () => {
    await caller.add('people', [person('Uli', {})])
    const taken = await caller.post('/people', person('Uli', { email: 'ME@ULI.example' }))
    expect([taken.status, taken.row.code]).toEqual([409, '23505'])
    expect(taken.row.errors).toMatchObject([{ pointer: '/slug', code: 'unique' }])
  })

  test('a row is deleted by them, and answered with them', async () => {
    await caller.add('people', [person('Del', { last: 'Ete' })])
    const gone = await caller.send('DELETE', '/people?full=eq.Del%20Ete&select=full,domain', undefined, RETURN)
    expect(gone.body).toEqual([{ full: 'Del Ete', domain: 'del.example' }])
    expect(await stored('Del')).toEqual([])
  })

  test.each(['full', 'domain', 'employer'])('%s may not be given, on any route', async (field) => {
    await caller.add('people', [person(`Giv${field}`, {})])
    const [row] = (await caller.get(`/people?select=id&first=eq.Giv${field}`)).rows
    for (const answer of [
      await caller.post('/people', person('Forged', { [field]: 'x' })),
      await caller.post('/people', [person('Forged', { [field]: null })]),
      await caller.patch(`/people?first=eq.Giv${field}`, { [field]: 'x' }),
      await caller.patch(`/people/${row?.id}`, { [field]: 'x' }),
      await caller.post('/people?on_conflict=slug', person(`Giv${field}`, { [field]: 'x' }), MERGE),
    ]) {
      expect([answer.status, pointers(answer).some((pointer) => pointer.endsWith(`/${field}`))]).toEqual([422, true])
    }
    expect(await stored('Forged')).toEqual([])
  })

  test('an expression that has no value refuses the write, and nothing of it is done', async () => {
    await caller.add('people', [person('Div', { amount: 4, parts: 2 })])
    const rows = [person('Fine', {}), person('Zero', { amount: 1, parts: 0 })]
    for (const answer of [
      await caller.post('/people', rows, { prefer: 'missing=default' }),
      await caller.patch('/people?first=eq.Div', { parts: 0 }),
      await caller.post('/people?on_conflict=slug', person('Div', { amount: 1, parts: 0 }), MERGE),
    ]) {
      expect([answer.status, answer.row.code]).toEqual([400, '22012'])
    }
    expect(await stored('Fine')).toEqual([])
    expect(await stored('Div')).toMatchObject([{ share: 2 }])
  })

  test('defaults: the caller, the tenant and the time; what is given stands, null too', async () => {
    const select = 'owner_id,owner_kind,home,tenant_uuid,joined'
    const made = await caller.post(`/people?select=${select}`, [person('Def', {})], RETURN)
    const [row] = made.rows
    expect(row).toMatchObject({ home: caller.slug, tenant_uuid: caller.id, owner_kind: 'key' })
    expect(row?.owner_id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
    const ageMs = Date.now() - Date.parse(String(row?.joined))
    expect(Math.abs(ageMs - 86_400_000)).toBeLessThan(60_000)
    const owner = '018f0000-0000-7000-8000-0000000000aa'
    const given = await caller.post(`/people?select=${select}`, [person('Dg', { owner_id: owner, home: null })], RETURN)
    expect(given.rows[0]).toMatchObject({ owner_id: owner, home: null, tenant_uuid: caller.id })
    const each = [person('Da', {}), person('Db', { home: 'there' }), person('Dc', { home: null })]
    const mixed = await caller.post('/people?select=home&columns=email,first,home', each, {
      prefer: 'return=representation,missing=default',
    })
    expect(mixed.body).toEqual([{ home: caller.slug }, { home: 'there' }, { home: null }])
    const merged = await caller.post(`/people?on_conflict=slug&select=home`, person('Dg', { last: 'X' }), MERGE)
    expect(merged.body).toEqual([{ home: null }])
  })
}

/** A person whose address is at a domain of their own. */
export function person<T extends object>(first: string, more: T): { email: string; first: string } & T {
  return { email: `me@${first.toLowerCase()}.example`, first, ...more }
}

function pointers({ row }: Answer): string[] {
  return (row.errors as { pointer: string }[]).map(({ pointer }) => pointer)
}
