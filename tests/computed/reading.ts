/** Computed fields wherever a field may be named: selected, filtered, sorted, embedded, aggregated, counted. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

export function reading(lend: Lend): void {
  let caller: Caller
  const rows = async (path: string): Promise<readonly Record<string, unknown>[]> => (await caller.get(path)).rows
  const firsts = async (path: string): Promise<unknown[]> => (await rows(path)).map((row) => row.first)

  beforeAll(async () => {
    caller = await lend().newTenant()
    const companies = await caller.add('companies', [{ name: 'Acme' }, { name: 'Bits' }])
    const [acme, bits] = companies.map((row) => row.id)
    await caller.add('people', [
      { email: 'Ann@one.example', first: 'Ann', last: 'Lee', amount: 10, parts: 2, company_id: acme },
      { email: 'bob@two.example', first: 'Bob', last: null, amount: 7, parts: 1, company_id: acme },
      { email: 'cy@one.example', first: 'Cy', last: 'Ax', amount: null, parts: 3, company_id: bits },
      { email: 'al@none', first: 'Al', last: null, amount: 1, parts: 1, company_id: null },
    ])
    const other = await lend().newTenant()
    await other.add('companies', [{ name: 'Acme' }])
    await other.add('people', [{ email: 'Ann@one.example', first: 'Ann', last: 'Other' }])
  })

  test('selected by name, under another name, cast, and with everything', async () => {
    expect(await rows('/people?select=full,initial,e:employer,domain,share,n:share::text&order=first')).toEqual([
      { full: 'Al', initial: 'A', e: null, domain: 'none', share: 1, n: '1' },
      { full: 'Ann Lee', initial: 'A', e: 'ACME', domain: 'one.example', share: 5, n: '5' },
      { full: 'Bob', initial: 'B', e: 'ACME', domain: 'two.example', share: 7, n: '7' },
      { full: 'Cy Ax', initial: 'C', e: 'BITS', domain: 'one.example', share: null, n: null },
    ])
    const [row] = await rows('/people?first=eq.Ann')
    expect(row).toMatchObject({ full: 'Ann Lee', domain: 'one.example', employer: 'ACME', recent: true })
    expect(await rows('/people?select=*,again:full&first=eq.Bob')).toMatchObject([{ full: 'Bob', again: 'Bob' }])
  })

  test.each([
    ['full=eq.Ann%20Lee', ['Ann']],
    ['full=neq.Ann%20Lee', ['Al', 'Bob', 'Cy']],
    ['full=like.*%20*', ['Ann', 'Cy']],
    ['full=ilike.ann*', ['Ann']],
    ['full=in.(Bob,Al)', ['Al', 'Bob']],
    ['full=gt.B', ['Bob', 'Cy']],
    ['employer=is.null', ['Al']],
    ['employer=not.is.null', ['Ann', 'Bob', 'Cy']],
    ['recent=is.true&employer=eq.BITS', ['Cy']],
    ['or=(full.eq.Bob,and(domain.eq.one.example,share.is.null))', ['Bob', 'Cy']],
    ['not.or=(initial.eq.A,domain.eq.two.example)', ['Cy']],
    ['domain=eq.one.example', ['Ann', 'Cy']],
    ['domain=in.(none,two.example)', ['Al', 'Bob']],
    ['share=gte.5', ['Ann', 'Bob']],
    ['slug=eq.ann@one.example', ['Ann']],
  ])('filtered by %s', async (filter, expected) => {
    expect(await firsts(`/people?select=first&${filter}&order=first`)).toEqual(expected)
  })

  test.each([
    ['full', ['Al', 'Ann', 'Bob', 'Cy']],
    ['full.desc', ['Cy', 'Bob', 'Ann', 'Al']],
    ['initial,full.desc', ['Ann', 'Al', 'Bob', 'Cy']],
    ['employer.nullsfirst,full.desc', ['Al', 'Bob', 'Ann', 'Cy']],
    ['domain.desc,first', ['Bob', 'Ann', 'Cy', 'Al']],
    ['share.desc.nullslast', ['Bob', 'Ann', 'Al', 'Cy']],
    ['company(loud).desc.nullslast,full', ['Cy', 'Ann', 'Bob', 'Al']],
  ])('sorted by %s', async (order, expected) => {
    expect(await firsts(`/people?select=first,company(name)&order=${order}`)).toEqual(expected)
  })

  test('in embeds of both directions, filtered and sorted there, and spread', async () => {
    expect(await rows('/companies?select=loud,people(full,domain)&people.order=full.desc&order=key')).toEqual([
      {
        loud: 'ACME',
        people: [
          { full: 'Bob', domain: 'two.example' },
          { full: 'Ann Lee', domain: 'one.example' },
        ],
      },
      { loud: 'BITS', people: [{ full: 'Cy Ax', domain: 'one.example' }] },
    ])
    expect(await rows('/people?select=first,company!inner(loud,key)&company.loud=eq.BITS')).toEqual([
      { first: 'Cy', company: { loud: 'BITS', key: 'bits' } },
    ])
    expect(await rows('/people?select=full,...company(loud)&domain=eq.two.example')).toEqual([
      { full: 'Bob', loud: 'ACME' },
    ])
  })

  test('aggregated, grouped and counted', async () => {
    expect(await rows('/people?select=share.sum(),full.max(),domain.count(),employer.count()')).toEqual([
      { sum: 13, max: 'Cy Ax', count: 3 },
    ])
    expect(await rows('/people?select=initial,amount.sum(),count()&order=initial')).toEqual([
      { initial: 'A', sum: 11, count: 2 },
      { initial: 'B', sum: 7, count: 1 },
      { initial: 'C', sum: null, count: 1 },
    ])
    const groups = await rows('/people?select=employer,n:count()')
    expect(groups.map(({ employer, n }) => `${employer} ${n}`).toSorted()).toEqual(['ACME 2', 'BITS 1', 'null 1'])
    expect(await rows('/companies?select=loud,people(domain,count())&loud=eq.BITS')).toEqual([
      { loud: 'BITS', people: [{ domain: 'one.example', count: 1 }] },
    ])
    const page = await caller.get('/people?select=full&full=like.*n*&order=full&limit=1', { prefer: 'count=exact' })
    expect([page.status, page.headers.get('content-range'), page.rows]).toEqual([200, '0-0/1', [{ full: 'Ann Lee' }]])
    const head = await caller.send('HEAD', '/people?domain=eq.one.example', undefined, { prefer: 'count=exact' })
    expect(head.headers.get('content-range')).toBe('0-1/2')
  })

  // The order's sub-select has another alias than the group's, so Postgres does not take them for the same: 42803.
  test('groups by a field that is read along a relation are sorted by it', async () => {
    expect(await rows('/people?select=employer,n:count()&order=employer.nullslast')).toEqual([
      { employer: 'ACME', n: 2 },
      { employer: 'BITS', n: 1 },
      { employer: null, n: 1 },
    ])
  })

  test('as CSV, as one object, and by the key', async () => {
    const csv = await caller.get('/people?select=full,domain&domain=eq.two.example', { accept: 'text/csv' })
    expect(csv.text).toBe('full,domain\nBob,two.example')
    const one = await caller.get('/people?select=full&slug=eq.al@none', { accept: 'application/vnd.pgrst.object+json' })
    expect(one.row).toEqual({ full: 'Al' })
    const [row] = await rows('/people?select=id&first=eq.Ann')
    expect((await caller.get(`/people/${row?.id}`)).row).toMatchObject({ full: 'Ann Lee', slug: 'ann@one.example' })
  })

  test('an unknown field beside them is refused as ever', async () => {
    expect((await caller.get('/people?select=fulll')).status).toBe(400)
    expect((await caller.get('/people?fulll=eq.x')).status).toBe(400)
  })
}
