/** Horizontal filtering: every operator, modifiers, and logic. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function filters(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })
  const ids = (filter: string) => gallery.ids(filter)
  const refusal = (filter: string) => gallery.refusal(`/paintings?${filter}`)

  test('conditions on several columns must all hold', async () => {
    expect(await ids('year=gte.1812&sold=is.false')).toEqual([2])
    expect(await ids('id=gt.1&id=lt.4')).toEqual([2, 3])
  })

  test('eq, neq, gt, gte, lt, lte compare, and null never matches', async () => {
    expect(await ids('year=eq.1812')).toEqual([2])
    expect(await ids('year=neq.1812')).toEqual([1, 3])
    expect(await ids('year=gt.1812')).toEqual([3])
    expect(await ids('year=gte.1812')).toEqual([2, 3])
    expect(await ids('year=lt.1812')).toEqual([1])
    expect(await ids('year=lte.1812')).toEqual([1, 2])
    expect(await ids('serial=eq.9007199254740993')).toEqual([1])
    expect(await ids('acquired=eq.2021-06-15T06:30:00Z')).toEqual([2])
    expect(await ids('keywords=eq.{}')).toEqual([3])
  })

  test('like and ilike, with * for %', async () => {
    expect(await ids('title=like.The*')).toEqual([2, 3])
    expect(await ids('title=like.the*')).toEqual([])
    expect(await ids('title=ilike.the*')).toEqual([2, 3])
    expect(await ids('title=like.Sketch%25')).toEqual([4])
    expect(await ids('title=like._he%20Dog')).toEqual([3])
  })

  test('match and imatch are regular expressions', async () => {
    expect(await ids('title=match.^The')).toEqual([2, 3])
    expect(await ids('title=match.^the')).toEqual([])
    expect(await ids('title=imatch.^the')).toEqual([2, 3])
    expect(await refusal('title=match.(')).toEqual([400, '2201B'])
  })

  test('in takes a list, with commas and quotes in double quotes', async () => {
    expect(await ids('id=in.(1,3)')).toEqual([1, 3])
    expect(await ids('title=in.("The Dog",Annunciation)')).toEqual([1, 3])
    expect(await ids('id=in.()')).toEqual([])
    expect(await gallery.rows('/museums?select=id&name=in.("Closed, for (good)")')).toEqual([{ id: 3 }])
    await gallery.caller.add('museums', [{ id: 9, name: 'Quote:" Backslash:\\', city: null, opened: null }])
    expect(await gallery.rows(String.raw`/museums?select=id&name=in.("Quote:\" Backslash:\\")`)).toEqual([{ id: 9 }])
    expect(await gallery.rows(String.raw`/museums?select=id&name=in.(x,Quote:" Backslash:\)`)).toEqual([{ id: 9 }])
    expect(
      await gallery.rows(String.raw`/museums?select=id&or=(name.in.(Quote:" Backslash:\,x),id.eq.1)&order=id`),
    ).toEqual([{ id: 1 }, { id: 9 }])
  })

  test('is knows null, not_null, true, false and unknown', async () => {
    expect(await ids('sold=is.null')).toEqual([3, 4])
    expect(await ids('sold=is.not_null')).toEqual([1, 2])
    expect(await ids('sold=not.is.null')).toEqual([1, 2])
    expect(await ids('sold=is.true')).toEqual([1])
    expect(await ids('sold=is.false')).toEqual([2])
    expect(await ids('sold=is.unknown')).toEqual([3, 4])
    expect(await ids('sold=is.NULL')).toEqual([3, 4])
    expect(await refusal('sold=is.maybe')).toEqual([400, 'PGRST100'])
    expect(await refusal('year=is.true')).toEqual([400, '42804'])
  })

  test('isdistinct takes null for a value', async () => {
    expect(await ids('year=isdistinct.1472')).toEqual([2, 3, 4])
    expect(await ids('year=not.isdistinct.1472')).toEqual([1])
  })

  test('fts, plfts, phfts and wfts search text, in a language', async () => {
    expect(await ids('notes=fts.giant')).toEqual([2])
    expect(await ids('notes=fts(english).giants %26 walk')).toEqual([2])
    expect(await ids('notes=plfts(english).the hill giants')).toEqual([2])
    expect(await ids('notes=phfts(english).walled garden')).toEqual([1])
    expect(await ids('notes=phfts(english).garden walled')).toEqual([])
    expect(await ids('notes=wfts(english).angel or giant')).toEqual([1, 2])
    expect(await ids('notes=not.wfts(english).angel or giant')).toEqual([3])
  })

  test('text search reads JSON too', async () => {
    expect(await ids('meta=fts.oak')).toEqual([1])
    expect(await ids('meta->frame=fts(english).pine')).toEqual([2])
  })

  test('a text search that Postgres cannot read is refused', async () => {
    expect((await refusal('notes=fts(klingon).qapla'))[0]).toBe(400)
    expect((await refusal('notes=fts.two words'))[0]).toBe(400)
    expect(await refusal('notes=fts(a;b).x')).toEqual([400, 'PGRST100'])
    expect(await refusal('year=fts.1')).toEqual([404, '42883'])
  })

  test('cs, cd and ov on lists', async () => {
    expect(await ids('keywords=cs.{angel}')).toEqual([1])
    expect(await ids('keywords=cd.{angel,garden,sea}')).toEqual([1, 3])
    expect(await ids('keywords=ov.{giant,angel}')).toEqual([1, 2])
    expect(await ids('sizes=cs.{116}')).toEqual([2])
  })

  test('cs and cd on JSON', async () => {
    expect(await ids('meta=cs.{"grade":"A"}')).toEqual([1])
    expect(await ids('meta->scans=cs.[10]')).toEqual([1])
    expect(await ids('meta->scans=cd.[10,20,30]')).toEqual([1, 2])
  })

  test('cs, cd, ov, sl, sr, nxr, nxl and adj on ranges', async () => {
    expect(await ids('rooms=cs.[2,3)')).toEqual([1])
    expect(await ids('rooms=cd.[1,10)')).toEqual([1, 2])
    expect(await ids('rooms=ov.[4,6)')).toEqual([1, 2])
    expect(await ids('rooms=sl.[9,12)')).toEqual([1, 2])
    expect(await ids('rooms=sr.[1,5)')).toEqual([2, 3])
    expect(await ids('rooms=nxr.[1,9)')).toEqual([1, 2])
    expect(await ids('rooms=nxl.[5,9)')).toEqual([2, 3])
    expect(await ids('rooms=adj.[9,12)')).toEqual([2])
    expect(await ids('shown=cs.[2024-01-05,2024-01-06)')).toEqual([1])
    expect(await ids('asking=ov.[300,900]')).toEqual([1])
  })

  test('an operator that a type does not have is refused', async () => {
    expect(await refusal('title=cs.{a}')).toEqual([404, '42883'])
    expect(await refusal('year=like.1*')).toEqual([404, '42883'])
    expect(await refusal('title=sl.(1,2)')).toEqual([404, '42883'])
  })

  test('a value that a type cannot hold is refused', async () => {
    expect(await refusal('year=eq.abc')).toEqual([400, '22P02'])
    expect(await refusal('rooms=cs.3')).toEqual([400, '22P02'])
    expect(await refusal('keywords=cs.angel')).toEqual([400, '22P02'])
    expect(await refusal('meta=cs.{')).toEqual([400, '22P02'])
  })

  test('any and all try one operator on a list', async () => {
    expect(await ids('title=like(any).{*Dog,Ann*}')).toEqual([1, 3])
    expect(await ids('title=like(all).{The*,*Dog}')).toEqual([3])
    expect(await ids('title=ilike(any).{the dog}')).toEqual([3])
    expect(await ids('id=eq(any).{1,2}')).toEqual([1, 2])
    expect(await ids('year=gt(all).{1472,1812}')).toEqual([3])
    expect(await ids('year=gte(any).{1812,2000}')).toEqual([2, 3])
    expect(await ids('year=lt(all).{1812,1823}')).toEqual([1])
    expect(await ids('year=lte(any).{1472,1812}')).toEqual([1, 2])
    expect(await ids('title=match(any).{^A,g$}')).toEqual([1, 3])
    expect(await ids('title=imatch(all).{^the,DOG$}')).toEqual([3])
    expect(await ids('title=not.like(any).{The*}')).toEqual([1, 4])
  })

  test('a modifier on another operator is refused', async () => {
    for (const filter of ['id=neq(any).{1}', 'id=in(any).(1)', 'id=is(any).null', 'keywords=cs(any).{a}'])
      expect(await refusal(filter)).toEqual([400, 'PGRST100'])
    expect(await refusal('id=eq(some).{1}')).toEqual([400, 'PGRST100'])
  })

  test('not negates an operator', async () => {
    expect(await ids('year=not.eq.1812')).toEqual([1, 3])
    expect(await ids('id=not.in.(1,2)')).toEqual([3, 4])
    expect(await ids('title=not.like.The*')).toEqual([1, 4])
  })

  test('or and and, nested and negated', async () => {
    expect(await ids('or=(year.lt.1500,year.gt.1820)')).toEqual([1, 3])
    expect(await ids('or=(year.is.null,and(year.gt.1800,sold.is.false))')).toEqual([2, 4])
    expect(await ids('and=(year.gt.1400,or(id.eq.1,id.eq.3))')).toEqual([1, 3])
    expect(await ids('or=(id.eq.1,not.and(id.gte.1,id.lte.3))')).toEqual([1, 4])
    expect(await ids('not.or=(id.eq.1,id.eq.2)')).toEqual([3, 4])
    expect(await ids('not.and=(id.gte.2,id.lte.3)')).toEqual([1, 4])
    expect(await ids('or=(id.not.in.(1,2,3),id.eq.2)')).toEqual([2, 4])
    expect(await ids('medium=eq.oil&or=(year.lt.1500,year.gt.1820)')).toEqual([1])
  })

  test('reserved characters inside logic stand in double quotes', async () => {
    expect(await ids('or=(rooms.adj."[9,12)",rooms.cs."[2,3]")')).toEqual([1, 2])
    expect(await ids('or=(title.eq."The Dog",title.in.("Annunciation","a,b"))')).toEqual([1, 3])
    expect(await ids('or=(keywords.cs.{angel,garden},id.eq.4)')).toEqual([1, 4])
    expect(await ids('or=(title.like(any).{Ann*,*Dog},id.eq.4)')).toEqual([1, 3, 4])
    expect(await ids('or=(notes.fts(english).giants,meta->>grade.eq.A)')).toEqual([1, 2])
    expect(await ids('or=(title.eq.a"b,id.eq.4)')).toEqual([4])
  })

  test('a filter that cannot be read is refused with where and why', async () => {
    for (const filter of ['title=foo', 'title=', 'title=eq', 'title=EQ.1', 'title=not.not.eq.1', 'id=in.1', 'id=in.(1'])
      expect(await refusal(filter)).toEqual([400, 'PGRST100'])
    for (const filter of ['or=()', 'or=(id.eq.1', 'or=id.eq.1', 'and=(id.eq.1)x', 'or=(id)', 'xor=(id.eq.1)'])
      expect((await refusal(filter))[0]).toBe(400)
    const { row } = await gallery.caller.get('/paintings?title=foo')
    expect(row.message).toBe('"failed to parse filter (foo)" (line 1, column 1)')
    expect(row.details).toMatch(/unexpected "f" expecting operator/)
  })

  test('an unknown column is refused, with the nearest that there is', async () => {
    const { status, row } = await gallery.caller.get('/paintings?titel=eq.x')
    expect([status, row.code, row.hint]).toEqual([400, '42703', 'Perhaps you meant "paintings.title".'])
    expect(await refusal('tenant_id=is.null')).toEqual([400, '42703'])
    expect(await refusal('or=(nope.eq.1)')).toEqual([400, '42703'])
  })

  test('a cast in a filter is refused', async () => {
    expect(await refusal('year::text=eq.1472')).toEqual([400, 'PGRST100'])
  })
}
