/** Vertical filtering, and order: which columns, under which names, as which types, in which sequence. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function selecting(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })
  const rows = (path: string) => gallery.rows(path)

  test('select names the columns', async () => {
    expect(await rows('/frames?select=wood&order=wood')).toEqual([{ wood: 'oak' }, { wood: 'pine' }])
    expect(await rows('/frames?select=wood, painting_id&wood=eq.oak')).toEqual([{ wood: 'oak', painting_id: 1 }])
  })

  test('without select, and with *, all columns and not the tenant', async () => {
    const all = [{ painting_id: 1, wood: 'oak' }]
    expect(await rows('/frames?wood=eq.oak')).toEqual(all)
    expect(await rows('/frames?select=*&wood=eq.oak')).toEqual(all)
    expect(await rows('/frames?select=&wood=eq.oak')).toEqual([{}])
  })

  test('an alias renames a column', async () => {
    expect(await rows('/frames?select=material:wood,of:painting_id&wood=eq.oak')).toEqual([{ material: 'oak', of: 1 }])
    expect(await rows('/frames?select="the wood":wood&wood=eq.oak')).toEqual([{ 'the wood': 'oak' }])
  })

  test('of two columns under one name the last holds, once', async () => {
    const { text } = await gallery.caller.get('/frames?select=*,wood:painting_id,painting_id&wood=eq.oak')
    expect(text.match(/"wood"/g)).toHaveLength(1)
    expect(JSON.parse(text)).toEqual([{ painting_id: 1, wood: 1 }])
  })

  test('-> and ->> reach into JSON, in select, filter and order', async () => {
    expect(await rows('/artists?select=id,bio->>city,bio->works&bio->>city=eq.Vinci')).toEqual([
      { id: 2, city: 'Vinci', works: [{ name: 'Flight' }, { name: 'Water' }] },
    ])
    expect(await rows('/artists?select=n:bio->works->0->>name,l:bio->works->-1->>name&id=eq.2')).toEqual([
      { n: 'Flight', l: 'Water' },
    ])
    expect(await rows('/artists?select=id,bio->age&bio->age=gt.60&order=bio->>age.desc')).toEqual([
      { id: 3, age: 82 },
      { id: 2, age: 67 },
    ])
    expect(await rows('/artists?select=bio->>left-handed&id=eq.2')).toEqual([{ 'left-handed': 'true' }])
  })

  test('a JSON null is no SQL null until it is text', async () => {
    expect(await gallery.ids('meta->grade=is.null')).toEqual([4])
    expect(await gallery.ids('meta->>grade=is.null')).toEqual([3, 4])
  })

  test('-> and ->> reach into lists', async () => {
    expect(await rows('/artists?select=id,first:tags->0,second:tags->>1&tags->>0=eq.painter&order=tags->>1')).toEqual([
      { id: 2, first: 'painter', second: 'engineer' },
      { id: 3, first: 'painter', second: null },
    ])
    expect(await gallery.ids('sizes->1=gt.200')).toEqual([1])
  })

  test('an arrow on a column that has no inside is refused', async () => {
    expect(await gallery.refusal('/artists?select=name->x')).toEqual([400, '42703'])
    expect(await gallery.refusal('/artists?name->x=eq.1')).toEqual([400, '42703'])
  })

  test('a cast changes the type', async () => {
    const select = 'year::text,price::int,weight::text,acquired::date,sold::int,keywords::text,meta->>grade::text'
    expect(await rows(`/paintings?select=${select}&id=eq.1`)).toEqual([
      {
        year: '1472',
        price: 1001,
        weight: '12.5',
        acquired: '2020-01-01',
        sold: 1,
        keywords: '{angel,garden}',
        grade: 'A',
      },
    ])
  })

  test('a cast outside the list, or of a value that does not fit, is refused', async () => {
    for (const cast of ['regclass', 'oid', 'xml', 'pg_catalog.text', 'text[]', 'varchar(2)'])
      expect((await gallery.refusal(`/paintings?select=year::${cast}`))[0], cast).toBe(400)
    expect(await gallery.refusal('/paintings?select=year::regclass')).toEqual([400, '42704'])
    expect(await gallery.refusal('/paintings?select=title::int')).toEqual([400, '22P02'])
    expect(await gallery.refusal('/paintings?select=rooms::int')).toEqual([400, '42846'])
  })

  test('types come out as Postgres writes them, every digit kept', async () => {
    const { text } = await gallery.caller.get(
      '/paintings?select=price,serial,shown,rooms,asking,acquired,sizes&id=eq.1',
    )
    for (const part of [
      '"price":1000.50',
      '"serial":9007199254740993',
      '"shown":"[2024-01-01,2024-03-01)"',
      '"rooms":"[1,5)"',
      '"asking":"[900,1100]"',
      '"acquired":"2020-01-01T12:00:00+00:00"',
      '"sizes":[98,217]',
    ])
      expect(text).toContain(part)
  })

  test('order by several columns, each its own way', async () => {
    expect(await rows('/paintings?select=id&order=medium,id.desc')).toEqual([
      { id: 3 },
      { id: 4 },
      { id: 2 },
      { id: 1 },
    ])
    expect(await rows('/paintings?select=id&order=price.desc.nullslast,year.asc')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
      { id: 4 },
    ])
  })

  test('nulls come last going up and first going down, unless told', async () => {
    const ids = async (order: string) => JSON.stringify(await rows(`/paintings?select=id&order=${order},id`))
    expect(await ids('year')).toBe(JSON.stringify([1, 2, 3, 4].map((id) => ({ id }))))
    expect(await ids('year.desc')).toBe(JSON.stringify([4, 3, 2, 1].map((id) => ({ id }))))
    expect(await ids('year.nullsfirst')).toBe(JSON.stringify([4, 1, 2, 3].map((id) => ({ id }))))
    expect(await ids('year.desc.nullslast')).toBe(JSON.stringify([3, 2, 1, 4].map((id) => ({ id }))))
  })

  test('an order that cannot be read, or of an unknown column, is refused', async () => {
    for (const order of ['', 'year.sideways', 'year,', 'year.desc.nullsmiddle', '1+1'])
      expect((await gallery.refusal(`/paintings?order=${encodeURIComponent(order)}`))[0]).toBe(400)
    expect(await gallery.refusal('/paintings?order=nope')).toEqual([400, '42703'])
  })

  test('a select that cannot be read is refused', async () => {
    for (const select of [
      'id,',
      'id)',
      'a:b:c',
      'id::',
      "id'--",
      'artist(name',
      'artist(name))',
      '...id',
      'id;',
      '*id',
    ])
      expect((await gallery.refusal(`/paintings?select=${encodeURIComponent(select)}`))[0], select).toBe(400)
    expect(await gallery.refusal('/paintings?select=tenant_id')).toEqual([400, '42703'])
  })

  test('names with spaces and accents are read, and unknown', async () => {
    expect(await gallery.refusal('/paintings?"the year"=eq.1')).toEqual([400, '42703'])
    expect(await gallery.refusal('/gem%C3%A4lde')).toEqual([404, 'PGRST205'])
  })
}
