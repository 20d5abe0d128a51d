/** Aggregate functions: alone, in groups, cast, inside embeds and over spread ones. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function aggregates(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })
  const rows = (path: string) => gallery.rows(path)
  const sorted = async (path: string) => ((await rows(path)) as object[]).map((row) => JSON.stringify(row)).sort()

  test('sum, avg, min, max and count of all rows', async () => {
    expect(
      await rows('/paintings?select=price.sum(),average:price.avg()::int,year.min(),year.max(),sold.count()'),
    ).toEqual([{ sum: 1500.5, average: 500, min: 1472, max: 1823, count: 2 }])
    expect(await rows('/paintings?select=price.sum()&medium=eq.oil')).toEqual([{ sum: 1250.5 }])
    expect(await rows('/paintings?select=price.sum(),year.max()&id=eq.99')).toEqual([{ sum: null, max: null }])
  })

  test('count() counts rows, count(column) values', async () => {
    expect(await rows('/paintings?select=count(),with_year:year.count()')).toEqual([{ count: 4, with_year: 3 }])
    expect(await rows('/paintings?select=count')).toEqual([{ count: 4 }])
    expect(await rows('/paintings?select=n:count()::text&id=eq.99')).toEqual([{ n: '0' }])
  })

  test('the other columns are the groups', async () => {
    expect(await rows('/paintings?select=medium,price.sum(),count()&order=medium')).toEqual([
      { medium: 'fresco', sum: 250, count: 1 },
      { medium: 'ink', sum: null, count: 1 },
      { medium: 'oil', sum: 1250.5, count: 2 },
    ])
    expect(await rows('/paintings?select=grade:meta->>grade,count()&order=meta->>grade.nullslast')).toEqual([
      { grade: 'A', count: 1 },
      { grade: 'B', count: 1 },
      { grade: null, count: 2 },
    ])
    expect(await sorted('/paintings?select=keywords,count()')).toContain('{"keywords":["giant"],"count":1}')
  })

  test('groups are pages and counted as such', async () => {
    const answer = await gallery.caller.get('/paintings?select=medium,count()&order=medium&limit=1', {
      prefer: 'count=exact',
    })
    expect([answer.status, answer.headers.get('content-range'), answer.rows.length]).toEqual([206, '0-0/3', 1])
  })

  test('casts of what goes in and of what comes out', async () => {
    expect(await rows('/paintings?select=price.avg()::int')).toEqual([{ avg: 500 }])
    expect(await rows('/artists?select=bio->>age::int.sum()')).toEqual([{ sum: 149 }])
    expect(await rows('/paintings?select=year::text.max()::int')).toEqual([{ max: 1823 }])
  })

  test('an embed is a group', async () => {
    expect(await sorted('/paintings?select=price.sum(),artist(name)')).toEqual([
      '{"sum":1000.5,"artist":{"name":"Leonardo"}}',
      '{"sum":500,"artist":{"name":"Goya"}}',
      '{"sum":null,"artist":null}',
    ])
  })

  test('aggregates inside an embed', async () => {
    expect(
      await rows('/artists?select=name,paintings(medium,price.sum())&order=id&id=gte.3&paintings.order=medium'),
    ).toEqual([
      {
        name: 'Goya',
        paintings: [
          { medium: 'fresco', sum: 250 },
          { medium: 'oil', sum: 250 },
        ],
      },
      { name: 'Melzi', paintings: [] },
    ])
    expect(await rows('/artists?select=name,paintings(count)&id=gte.3&order=id')).toEqual([
      { name: 'Goya', paintings: [{ count: 2 }] },
      { name: 'Melzi', paintings: [{ count: 0 }] },
    ])
  })

  test('the columns of a spread embed are groups', async () => {
    expect(await sorted('/paintings?select=price.sum(),...artist(country)')).toEqual([
      '{"sum":1000.5,"country":"IT"}',
      '{"sum":500,"country":"ES"}',
      '{"sum":null,"country":null}',
    ])
  })

  test('aggregates over the columns of a spread embed', async () => {
    expect(
      await rows('/paintings?select=medium,...artist(born.max(),first:born.min(),n:name.count())&order=medium'),
    ).toEqual([
      { medium: 'fresco', max: '1746-03-30', first: '1746-03-30', n: 1 },
      { medium: 'ink', max: null, first: null, n: 0 },
      { medium: 'oil', max: '1746-03-30', first: '1452-04-15', n: 2 },
    ])
    expect(await rows('/paintings?select=...artist(count())')).toEqual([{ count: 3 }])
  })

  test('aggregates in a to-many spread are refused', async () => {
    for (const select of ['...paintings(price.sum())', '...paintings(count())', '...paintings(...owner(name.max()))'])
      expect(await gallery.refusal(`/artists?select=name,${select}`)).toEqual([400, 'PGRST127'])
  })

  test('an order that is no group, or by an aggregate, is refused', async () => {
    expect(await gallery.refusal('/paintings?select=price.sum()&order=price')).toEqual([400, '42803'])
    expect(await gallery.refusal('/paintings?select=medium,price.sum()&order=sum')).toEqual([400, '42703'])
    expect(await gallery.refusal('/paintings?select=count(),artist(name)&order=artist(name)')).toEqual([400, '42803'])
  })

  test('a function that there is not, or not for the type, is refused', async () => {
    expect(await gallery.refusal('/paintings?select=price.median()')).toEqual([400, 'PGRST100'])
    expect(await gallery.refusal('/paintings?select=title.sum()')).toEqual([404, '42883'])
    expect((await gallery.refusal('/paintings?select=sum()'))[0]).toBe(400)
    expect((await gallery.refusal('/paintings?select=price.sum(1)'))[0]).toBe(400)
  })
}
