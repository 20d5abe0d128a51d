/** PostgrestTransformBuilder: order, pages, cardinality, formats. */
import { beforeEach, expect, expectTypeOf, test } from 'vitest'
import { type GalleryClient, type Lend, openClient } from './typed-client.ts'

export function transforms(lend: Lend): void {
  let client: GalleryClient
  beforeEach(async () => {
    client = await openClient(lend())
  })
  const ids = (rows: readonly { id: number }[] | null) => rows?.map(({ id }) => id)

  test('order, with nulls, of several columns and of an embed', async () => {
    const years = client.from('paintings').select('id')
    expect(ids((await years.order('year', { ascending: false })).data)).toEqual([4, 3, 2, 1])
    const last = await client.from('paintings').select('id').order('year', { ascending: false, nullsFirst: false })
    expect(ids(last.data)).toEqual([3, 2, 1, 4])
    const first = await client.from('paintings').select('id').order('price', { nullsFirst: true }).order('id')
    expect(ids(first.data)).toEqual([4, 2, 3, 1])
    const inside = await client
      .from('artists')
      .select('paintings(id)')
      .eq('id', 3)
      .order('id', { referencedTable: 'paintings', ascending: false })
    expect(inside.data).toEqual([{ paintings: [{ id: 3 }, { id: 2 }] }])
    const byEmbed = await client
      .from('paintings')
      .select('id,artists(name)')
      .order('artists(name)', { ascending: false, nullsFirst: false })
      .order('id')
    expect(ids(byEmbed.data)).toEqual([1, 2, 3, 4])
  })

  test('limit, of the rows and of an embed', async () => {
    expect(ids((await client.from('paintings').select('id').order('id').limit(2)).data)).toEqual([1, 2])
    const inside = await client
      .from('artists')
      .select('paintings(id)')
      .eq('id', 3)
      .order('id', { referencedTable: 'paintings' })
      .limit(1, { referencedTable: 'paintings' })
    expect(inside.data).toEqual([{ paintings: [{ id: 2 }] }])
  })

  test('range, of the rows and of an embed, and beyond the last row', async () => {
    expect(ids((await client.from('paintings').select('id').order('id').range(1, 2)).data)).toEqual([2, 3])
    const inside = await client
      .from('artists')
      .select('paintings(id)')
      .eq('id', 3)
      .order('id', { referencedTable: 'paintings' })
      .range(1, 1, { referencedTable: 'paintings' })
    expect(inside.data).toEqual([{ paintings: [{ id: 3 }] }])
    const beyond = await client.from('paintings').select('id', { count: 'exact' }).range(10, 20)
    expect([beyond.status, beyond.error?.code]).toEqual([416, 'PGRST103'])
  })

  test('single: one row, or an error', async () => {
    const one = await client.from('museums').select('name').eq('id', 1).single()
    expectTypeOf(one.data).toEqualTypeOf<{ name: string } | null>()
    expect(one.data).toEqual({ name: 'Prado' })
    const none = await client.from('museums').select('name').eq('id', 99).single()
    expect([none.status, none.error?.code, none.data]).toEqual([406, 'PGRST116', null])
    const many = await client.from('museums').select('name').single()
    expect([many.status, many.error?.details]).toEqual([406, 'The result contains 3 rows'])
  })

  test('maybeSingle: one row, or null, or an error where there are several', async () => {
    expect((await client.from('museums').select('name').eq('id', 1).maybeSingle()).data).toEqual({ name: 'Prado' })
    const none = await client.from('museums').select('name').eq('id', 99).maybeSingle()
    expect([none.data, none.error]).toEqual([null, null])
    expect((await client.from('museums').select('name').maybeSingle()).error?.code).toBe('PGRST116')
    const updated = await client.from('museums').update({ city: 'X' }).eq('id', 99).select('city').maybeSingle()
    expect([updated.data, updated.error]).toEqual([null, null])
  })

  test('a single that fails has written nothing', async () => {
    const { error } = await client.from('exhibitions').update({ opens: null }).gt('id', 0).select().single()
    expect(error?.code).toBe('PGRST116')
    expect((await client.from('exhibitions').select('id').is('opens', null)).data).toEqual([{ id: 3 }])
  })

  test('csv', async () => {
    const { data } = await client.from('museums').select('id,name').order('id').csv()
    expectTypeOf(data).toEqualTypeOf<string | null>()
    expect(data).toBe('id,name\n1,Prado\n2,Uffizi\n3,"Closed, for (good)"')
  })

  test('stripNulls leaves nulls out', async () => {
    const { data } = await client.from('museums').select().eq('id', 3).stripNulls()
    expect(data).toEqual([{ id: 3, name: 'Closed, for (good)' }])
    expect((await client.from('museums').select().eq('id', 3).stripNulls().single()).data).toEqual(data?.[0])
  })

  test('geojson and explain are refused clearly', async () => {
    const geo = await client.from('museums').select().geojson()
    expect([geo.status, geo.error?.code]).toEqual([406, 'PGRST107'])
    for (const format of ['json', 'text'] as const) {
      const plan = await client.from('museums').select().explain({ analyze: true, format })
      expect([plan.status, plan.error?.code]).toEqual([406, 'PGRST107'])
    }
  })

  test('rollback answers as if, and keeps nothing', async () => {
    const { data } = await client.from('exhibitions').insert({ id: 30, name: 'Gone' }).select('id').rollback()
    expect(data).toEqual([{ id: 30 }])
    const gone = await client.from('showings').delete({ count: 'exact' }).gt('painting_id', 0).rollback()
    expect(gone.count).toBe(4)
    expect((await client.from('exhibitions').select('id').eq('id', 30)).data).toEqual([])
    expect((await client.from('showings').select('*', { count: 'exact', head: true })).count).toBe(4)
  })

  test('maxAffected undoes a write of more rows', async () => {
    const refused = await client.from('exhibitions').update({ opens: null }).gt('id', 0).maxAffected(2)
    expect([refused.status, refused.error?.code]).toEqual([400, 'PGRST124'])
    const fine = await client.from('exhibitions').update({ opens: null }).eq('id', 1).maxAffected(1)
    expect(fine.status).toBe(204)
    const gone = await client.from('showings').delete().gt('painting_id', 0).maxAffected(1).select('room')
    expect(gone.error?.code).toBe('PGRST124')
  })

  test('returns and overrideTypes change the types alone', async () => {
    const returned = await client.from('museums').select('id').eq('id', 1).returns<{ id: number }[]>()
    expect(returned.data).toEqual([{ id: 1 }])
    const overridden = await client
      .from('paintings')
      .select('id,meta')
      .eq('id', 1)
      .single()
      .overrideTypes<{ meta: { grade: string } }>()
    expectTypeOf(overridden.data?.meta.grade).toEqualTypeOf<string | undefined>()
    expect(overridden.data?.meta.grade).toBe('A')
  })
}
