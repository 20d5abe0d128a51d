/** PostgrestFilterBuilder: every filter. */
import { beforeAll, expect, test } from 'vitest'
import { type GalleryClient, type Lend, openClient } from './typed-client.ts'

export function filters(lend: Lend): void {
  let client: GalleryClient
  beforeAll(async () => {
    client = await openClient(lend())
  })
  const paintings = () => client.from('paintings').select('id').order('id')
  const ids = async (query: PromiseLike<{ data: { id: number }[] | null; error: unknown }>) => {
    const { data, error } = await query
    expect(error).toBeNull()
    return data?.map(({ id }) => id)
  }

  test('eq and neq, on columns, JSON paths and embeds', async () => {
    expect(await ids(paintings().eq('title', 'The Dog'))).toEqual([3])
    expect(await ids(paintings().neq('medium', 'oil'))).toEqual([3, 4])
    expect(await ids(paintings().eq('meta->>grade', 'A'))).toEqual([1])
    const { data } = await client
      .from('paintings')
      .select('id,artists!inner(name)')
      .eq('artists.name', 'Goya')
      .order('id')
    expect(data?.map(({ id }) => id)).toEqual([2, 3])
  })

  test('gt, gte, lt and lte', async () => {
    expect(await ids(paintings().gt('year', 1812))).toEqual([3])
    expect(await ids(paintings().gte('year', 1812))).toEqual([2, 3])
    expect(await ids(paintings().lt('price', 1000.5))).toEqual([2, 3])
    expect(await ids(paintings().lte('price', 1000.5))).toEqual([1, 2, 3])
    expect(await ids(paintings().gt('acquired', '2020-12-31'))).toEqual([2])
  })

  test('like and ilike, of one pattern, any and all of several', async () => {
    expect(await ids(paintings().like('title', 'The%'))).toEqual([2, 3])
    expect(await ids(paintings().likeAllOf('title', ['The%', '%Dog']))).toEqual([3])
    expect(await ids(paintings().likeAnyOf('title', ['Ann%', '%Dog']))).toEqual([1, 3])
    expect(await ids(paintings().ilike('title', 'the%'))).toEqual([2, 3])
    expect(await ids(paintings().ilikeAllOf('title', ['the%', '%DOG']))).toEqual([3])
    expect(await ids(paintings().ilikeAnyOf('title', ['ann%', '%dog']))).toEqual([1, 3])
  })

  test('regexMatch and regexIMatch', async () => {
    expect(await ids(paintings().regexMatch('title', '^The'))).toEqual([2, 3])
    expect(await ids(paintings().regexIMatch('title', '^the|^a'))).toEqual([1, 2, 3])
  })

  test('is and isDistinct', async () => {
    expect(await ids(paintings().is('sold', true))).toEqual([1])
    expect(await ids(paintings().is('sold', false))).toEqual([2])
    expect(await ids(paintings().is('sold', null))).toEqual([3, 4])
    expect(await ids(paintings().isDistinct('year', 1472))).toEqual([2, 3, 4])
  })

  test('in and notIn, with reserved characters and quotes', async () => {
    expect(await ids(paintings().in('id', [1, 3]))).toEqual([1, 3])
    expect(await ids(paintings().notIn('id', [1, 3]))).toEqual([2, 4])
    expect(await ids(paintings().in('title', ['The Dog', 'a,b', 'say "hi"', 'Sketch 100%']))).toEqual([3, 4])
    const { data } = await client.from('museums').select('id').in('name', ['Closed, for (good)'])
    expect(data).toEqual([{ id: 3 }])
    expect(await ids(paintings().in('id', []))).toEqual([])
  })

  test('contains, containedBy and overlaps on lists, JSON and ranges', async () => {
    expect(await ids(paintings().contains('keywords', ['angel']))).toEqual([1])
    expect(await ids(paintings().contains('meta', { grade: 'A' }))).toEqual([1])
    expect(await ids(paintings().contains('rooms', '[2,3)'))).toEqual([1])
    expect(await ids(paintings().containedBy('keywords', ['angel', 'garden', 'sea']))).toEqual([1, 3])
    expect(await ids(paintings().containedBy('meta', { grade: 'B', frame: { wood: 'pine' }, scans: [30] }))).toEqual([
      2,
    ])
    expect(await ids(paintings().containedBy('rooms', '[1,10)'))).toEqual([1, 2])
    expect(await ids(paintings().overlaps('sizes', [105, 217]))).toEqual([1, 2])
    expect(await ids(paintings().overlaps('shown', '[2024-02-01,2024-02-02)'))).toEqual([1])
  })

  test('rangeGt, rangeGte, rangeLt, rangeLte and rangeAdjacent', async () => {
    expect(await ids(paintings().rangeGt('rooms', '[1,5)'))).toEqual([2, 3])
    expect(await ids(paintings().rangeGte('rooms', '[5,9)'))).toEqual([2, 3])
    expect(await ids(paintings().rangeLt('rooms', '[9,12)'))).toEqual([1, 2])
    expect(await ids(paintings().rangeLte('rooms', '[1,9)'))).toEqual([1, 2])
    expect(await ids(paintings().rangeAdjacent('rooms', '[9,12)'))).toEqual([2])
  })

  test('textSearch of every type, with a configuration', async () => {
    expect(await ids(paintings().textSearch('notes', 'giant'))).toEqual([2])
    expect(await ids(paintings().textSearch('notes', 'giants & walk', { config: 'english' }))).toEqual([2])
    expect(await ids(paintings().textSearch('notes', 'hill giants', { type: 'plain', config: 'english' }))).toEqual([2])
    expect(await ids(paintings().textSearch('notes', 'walled garden', { type: 'phrase', config: 'english' }))).toEqual([
      1,
    ])
    expect(await ids(paintings().textSearch('notes', 'angel or giant', { type: 'websearch' }))).toEqual([1, 2])
    const { error } = await paintings().textSearch('notes', 'x', { config: 'klingon' })
    expect(error?.code).toBe('42704')
  })

  test('match asks for several values at once', async () => {
    expect(await ids(paintings().match({ medium: 'oil', artist_id: 3 }))).toEqual([2])
  })

  test('not negates any operator', async () => {
    expect(await ids(paintings().not('year', 'is', null))).toEqual([1, 2, 3])
    expect(await ids(paintings().not('id', 'in', '(1,2)'))).toEqual([3, 4])
    expect(await ids(paintings().not('keywords', 'cs', '{angel}'))).toEqual([2, 3])
  })

  test('or, alone, nested and on an embed', async () => {
    expect(await ids(paintings().or('year.lt.1500,year.gt.1820'))).toEqual([1, 3])
    expect(await ids(paintings().or('id.eq.4,and(sold.is.false,medium.eq.oil)'))).toEqual([2, 4])
    const { data } = await client
      .from('artists')
      .select('paintings(id)')
      .eq('id', 3)
      .or('year.eq.1812,title.eq.nothing', { referencedTable: 'paintings' })
    expect(data).toEqual([{ paintings: [{ id: 2 }] }])
  })

  test('filter passes an operator as it is', async () => {
    expect(await ids(paintings().filter('title', 'in', '("The Dog",Annunciation)'))).toEqual([1, 3])
    expect(await ids(paintings().filter('title', 'like(any)', '{Ann*}'))).toEqual([1])
    const { error } = await paintings().filter('title', 'resembles', 'x')
    expect(error?.code).toBe('PGRST100')
  })
}
