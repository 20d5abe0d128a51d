/** PostgrestClient and PostgrestQueryBuilder: from, schema, rpc, select, insert, upsert, update, delete. */
import { beforeEach, expect, expectTypeOf, test } from 'vitest'
import { type GalleryClient, type Lend, openClient } from './typed-client.ts'

export function queries(lend: Lend): void {
  let client: GalleryClient
  beforeEach(async () => {
    client = await openClient(lend())
  })

  test('from().select() is typed and answers rows', async () => {
    const { data, error, status } = await client.from('museums').select('id,name').order('id').limit(2)
    expect([error, status]).toEqual([null, 200])
    expectTypeOf(data).toEqualTypeOf<{ id: number; name: string }[] | null>()
    expect(data).toEqual([
      { id: 1, name: 'Prado' },
      { id: 2, name: 'Uffizi' },
    ])
  })

  test('select() alone is every column', async () => {
    const { data } = await client.from('exhibitions').select().eq('id', 1)
    expect(data).toEqual([{ id: 1, name: 'Light', opens: '2024-01-01' }])
  })

  test('select with line breaks, aliases, casts, JSON paths and embeds', async () => {
    const { data, error } = await client
      .from('paintings')
      .select(
        `
        name:title,
        year::text,
        meta->frame->>wood,
        artist:artists(name, mentor:artists!mentor_id(name)),
        owner:museums!paintings_owner_id_fkey(city)
      `,
      )
      .eq('id', 1)
      .single()
    expect(error).toBeNull()
    expect(data).toMatchObject({
      name: 'Annunciation',
      year: '1472',
      wood: 'oak',
      artist: { name: 'Leonardo' },
      owner: { city: 'Florence' },
    })
  })

  test('embeds to one, to many, through a junction, spread and counted', async () => {
    const one = await client.from('paintings').select('title,artists(name)').eq('id', 2).single()
    expectTypeOf(one.data).toEqualTypeOf<{ title: string; artists: { name: string } | null } | null>()
    expect(one.data).toEqual({ title: 'The Colossus', artists: { name: 'Goya' } })
    const many = await client.from('artists').select('name,paintings(title)').eq('id', 2).single()
    expect(many.data).toEqual({ name: 'Leonardo', paintings: [{ title: 'Annunciation' }] })
    const through = await client.from('exhibitions').select('name,paintings(id)').eq('id', 1).single()
    expect(through.data).toEqual({ name: 'Light', paintings: [{ id: 1 }, { id: 2 }] })
    const spread = await client.from('paintings').select('title,...artists(name)').eq('id', 2).single()
    expectTypeOf(spread.data).toEqualTypeOf<{ title: string; name: string | null } | null>()
    expect(spread.data).toEqual({ title: 'The Colossus', name: 'Goya' })
    const counted = await client.from('artists').select('name,paintings(count)').eq('id', 3).single()
    expect(counted.data).toEqual({ name: 'Goya', paintings: [{ count: 2 }] })
  })

  test('inner joins and aggregates', async () => {
    const inner = await client.from('artists').select('name,paintings!inner(year)').gt('paintings.year', 1820)
    expect(inner.data).toEqual([{ name: 'Goya', paintings: [{ year: 1823 }] }])
    const sums = await client.from('paintings').select('medium,price.sum(),count()').order('medium')
    expect(sums.data).toMatchObject([{ medium: 'fresco', sum: 250 }, { medium: 'ink' }, { medium: 'oil', count: 2 }])
  })

  test.each(['exact', 'planned', 'estimated'] as const)('count: %s, with rows and with head alone', async (count) => {
    const rows = await client.from('paintings').select('id', { count }).limit(1)
    expect([rows.status, rows.count, rows.data?.length]).toEqual([206, 4, 1])
    const head = await client.from('paintings').select('*', { count, head: true }).eq('medium', 'oil')
    expect([head.status, head.count, head.data]).toEqual([200, 2, null])
  })

  test('insert one, many, with count and with what was written', async () => {
    const one = await client.from('exhibitions').insert({ id: 10, name: 'One' })
    expect([one.status, one.data, one.error]).toEqual([201, null, null])
    const rows = [
      { id: 11, name: 'A', opens: '2030-01-01' },
      { id: 12, name: 'B' },
    ]
    const many = await client.from('exhibitions').insert(rows, { count: 'exact' }).select('id,opens')
    expect([many.status, many.count, many.data]).toEqual([
      201,
      2,
      [
        { id: 11, opens: '2030-01-01' },
        { id: 12, opens: null },
      ],
    ])
    expect((await client.from('exhibitions').insert([])).status).toBe(201)
  })

  test('insert with defaultToNull, and without', async () => {
    const rows = [{ visitor: 'a', tickets: 5 }, { visitor: 'b' }]
    const nulls = await client.from('visits').insert(rows).select('visitor,tickets')
    expect(nulls.data).toEqual([
      { visitor: 'a', tickets: 5 },
      { visitor: 'b', tickets: null },
    ])
    const defaults = await client.from('visits').insert(rows, { defaultToNull: false }).select('visitor,tickets')
    expect(defaults.data).toEqual([
      { visitor: 'a', tickets: 5 },
      { visitor: 'b', tickets: 1 },
    ])
  })

  test('upsert by key, by onConflict, ignoring, and with defaults', async () => {
    const merged = await client.from('exhibitions').upsert({ id: 1, name: 'Light II' }).select()
    expect([merged.status, merged.data]).toEqual([200, [{ id: 1, name: 'Light II', opens: '2024-01-01' }]])
    const byName = await client
      .from('museums')
      .upsert({ id: 1, name: 'Prado', city: 'MAD' }, { onConflict: 'name', count: 'exact' })
      .select('city')
    expect([byName.count, byName.data]).toEqual([1, [{ city: 'MAD' }]])
    const both = [
      { id: 1, name: 'Nobody' },
      { id: 20, name: 'New' },
    ]
    const ignored = await client.from('exhibitions').upsert(both, { ignoreDuplicates: true }).select('id')
    expect([ignored.status, ignored.data]).toEqual([201, [{ id: 20 }]])
    const { data: old } = await client.from('visits').insert({ visitor: 'old' }).select('id').single()
    const defaults = await client
      .from('visits')
      .upsert([{ id: old?.id ?? '', visitor: 'old', tickets: 9 }, { visitor: 'new' }], { defaultToNull: false })
      .select('visitor,tickets')
      .order('visitor')
    expect(defaults.data).toEqual([
      { visitor: 'new', tickets: 1 },
      { visitor: 'old', tickets: 9 },
    ])
  })

  test('update with filters, count and what was written', async () => {
    const silent = await client.from('paintings').update({ sold: true }).eq('id', 2)
    expect([silent.status, silent.data]).toEqual([204, null])
    const counted = await client.from('paintings').update({ year: 1500 }, { count: 'exact' }).eq('medium', 'oil')
    expect(counted.count).toBe(2)
    const told = await client.from('paintings').update({ year: 1501 }).eq('id', 1).select('id,year').single()
    expect(told.data).toEqual({ id: 1, year: 1501 })
  })

  test('delete with filters, count and what was removed', async () => {
    const counted = await client.from('showings').delete({ count: 'exact' }).eq('room', 'A')
    expect([counted.status, counted.count]).toEqual([204, 2])
    const told = await client.from('showings').delete().eq('room', 'B').select('painting_id')
    expect(told.data).toEqual([{ painting_id: 2 }])
  })

  test('schema() chooses a profile; an unknown one is PGRST106', async () => {
    const { data } = await client.schema('gallery').from('museums').select('id').eq('id', 1)
    expect(data).toEqual([{ id: 1 }])
    expect((await client.schema('platform').from('tenants').select('slug')).error).toBeNull()
    const unknown = await client.schema('elsewhere').from('things').select()
    expect([unknown.status, unknown.error?.code]).toEqual([406, 'PGRST106'])
    const written = await client.schema('elsewhere').from('things').insert({ id: 1 })
    expect([written.status, written.error?.code]).toEqual([406, 'PGRST106'])
  })

  test('rpc() of what is not there is refused clearly, by POST and GET; of HEAD the client itself hides the 404', async () => {
    for (const options of [{}, { get: true }, { count: 'exact' }] as const) {
      const { status, error, data } = await client.rpc('add', { a: 1, b: 2 }, options)
      expect([status, error?.code, data]).toEqual([404, 'PGRST202', null])
      expect(error?.hint).toContain('explain_access')
    }
    expect((await client.rpc('add', { a: 1, b: 2 }, { head: true })).data).toBeNull()
  })

  test('getOpenApiSpec() is refused clearly', async () => {
    const { status, error } = await client.getOpenApiSpec()
    expect([status, error?.code]).toEqual([404, 'PGRST125'])
  })
}
