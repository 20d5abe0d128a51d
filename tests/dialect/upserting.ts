/** Upsert: by key, by a unique set, ignoring, and PUT. */
import { beforeEach, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

const MERGE = { prefer: 'return=representation, resolution=merge-duplicates' }
const IGNORE = { prefer: 'return=representation, resolution=ignore-duplicates' }

export function upserting(lend: Lend): void {
  let gallery: Gallery
  beforeEach(async () => {
    gallery = await openGallery(lend())
  })

  test('merge-duplicates by the key: 201 where a row is new, 200 where none is', async () => {
    const both = [
      { id: 1, name: 'Light II' },
      { id: 10, name: 'New' },
    ]
    const answer = await gallery.caller.post('/exhibitions?order=id', both, MERGE)
    expect([answer.status, answer.body]).toEqual([
      201,
      [
        { id: 1, name: 'Light II', opens: '2024-01-01' },
        { id: 10, name: 'New', opens: null },
      ],
    ])
    expect((await gallery.caller.post('/exhibitions', both, MERGE)).status).toBe(200)
    expect(answer.headers.get('preference-applied')).toContain('resolution=merge-duplicates')
  })

  test('ignore-duplicates leaves what is there, and answers what is new', async () => {
    const both = [
      { id: 1, name: 'Other' },
      { id: 10, name: 'New' },
    ]
    const answer = await gallery.caller.post('/exhibitions?select=id', both, IGNORE)
    expect([answer.status, answer.body]).toEqual([201, [{ id: 10 }]])
    expect(await gallery.rows('/exhibitions?select=name&id=eq.1')).toEqual([{ name: 'Light' }])
  })

  test('a composite key', async () => {
    const row = { painting_id: 1, exhibition_id: 1, room: 'Z' }
    const answer = await gallery.caller.post('/showings', row, MERGE)
    expect([answer.status, answer.body]).toEqual([200, [{ ...row, rank: 1 }]])
  })

  test('on_conflict names a unique set', async () => {
    const answer = await gallery.caller.post(
      '/museums?on_conflict=name&select=id,city',
      { id: 1, name: 'Prado', city: 'MAD' },
      MERGE,
    )
    expect([answer.status, answer.body]).toEqual([200, [{ id: 1, city: 'MAD' }]])
  })

  test('on_conflict of columns that are no unique set is refused', async () => {
    const refused = async (columns: string) =>
      (await gallery.caller.post(`/museums?on_conflict=${columns}`, { id: 1, name: 'Prado' }, MERGE)).row.code
    expect(await refused('city')).toBe('42P10')
    expect(await refused('name,city')).toBe('42P10')
    expect(await refused('nope')).toBe('42703')
  })

  test('on_conflict without a resolution is a plain insert', async () => {
    const answer = await gallery.caller.post('/museums?on_conflict=name', { id: 8, name: 'Prado' })
    expect([answer.status, answer.row.code]).toEqual([409, '23505'])
  })

  test('an upsert with missing=default makes generated keys', async () => {
    const [visit] = await gallery.caller.add('visits', [{ visitor: 'old' }])
    const answer = await gallery.caller.post(
      '/visits?select=visitor,tickets&order=visitor',
      [{ id: visit?.id, visitor: 'b', tickets: 2 }, { visitor: 'a' }],
      { prefer: `${MERGE.prefer}, missing=default` },
    )
    expect([answer.status, answer.body]).toEqual([
      201,
      [
        { visitor: 'a', tickets: 1 },
        { visitor: 'b', tickets: 2 },
      ],
    ])
  })

  test('one row twice in one upsert is refused', async () => {
    const twice = [
      { id: 10, name: 'A' },
      { id: 10, name: 'B' },
    ]
    const answer = await gallery.caller.post('/exhibitions', twice, MERGE)
    expect([answer.status, answer.row.code]).toEqual([400, '21000'])
  })

  test('PUT writes the one row that its filters name', async () => {
    const put = (path: string, body: unknown) => gallery.caller.send('PUT', path, body, JSON_FULL)
    const made = await put('/exhibitions?id=eq.10', { id: 10, name: 'Put' })
    expect([made.status, made.body]).toEqual([201, [{ id: 10, name: 'Put', opens: null }]])
    const changed = await put('/exhibitions?id=eq.10', { id: 10, name: 'Put II' })
    expect([changed.status, changed.body]).toEqual([200, [{ id: 10, name: 'Put II', opens: null }]])
    const composite = await put('/showings?painting_id=eq.1&exhibition_id=eq.2', { painting_id: 1, exhibition_id: 2 })
    expect(composite.status).toBe(201)
  })

  test('PUT with other filters, pages or keys is refused', async () => {
    const refused = async (query: string, body: unknown = { id: 10, name: 'x' }) => {
      const { status, row } = await gallery.caller.send('PUT', `/exhibitions${query}`, body, JSON_FULL)
      return [status, row.code]
    }
    for (const query of ['', '?id=gt.1', '?name=eq.x', '?id=eq.10&name=eq.x', '?or=(id.eq.10)'])
      expect(await refused(query)).toEqual([405, 'PGRST105'])
    expect(await refused('?id=eq.10&limit=1')).toEqual([400, 'PGRST114'])
    expect(await refused('?id=eq.11')).toEqual([400, 'PGRST115'])
    expect(
      await refused('?id=eq.10', [
        { id: 10, name: 'a' },
        { id: 10, name: 'b' },
      ]),
    ).toEqual([400, 'PGRST115'])
    expect(await gallery.rows('/exhibitions?id=eq.10')).toEqual([])
  })
}

const JSON_FULL = { 'content-type': 'application/json', prefer: 'return=representation' }
