/** Several relations between two entities: the error that lists them, and the hints that choose. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function ambiguity(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })

  test('two foreign keys to one entity: 300 with the candidates', async () => {
    const { status, row } = await gallery.caller.get('/paintings?select=*,museums(*)')
    expect(status).toBe(300)
    expect(row).toMatchObject({
      code: 'PGRST201',
      message: "Could not embed because more than one relationship was found for 'paintings' and 'museums'",
      hint: "Try changing 'museums' to one of the following: 'museums!paintings_owner_id_fkey', 'museums!paintings_borrower_id_fkey'. Find the desired relationship in the 'details' key.",
    })
    expect(row.details).toEqual([
      {
        cardinality: 'many-to-one',
        embedding: 'paintings with museums',
        relationship: 'paintings_owner_id_fkey using paintings(owner_id) and museums(id)',
      },
      {
        cardinality: 'many-to-one',
        embedding: 'paintings with museums',
        relationship: 'paintings_borrower_id_fkey using paintings(borrower_id) and museums(id)',
      },
    ])
  })

  test('the other way round: one-to-many', async () => {
    const { status, row } = await gallery.caller.get('/museums?select=paintings(id)')
    expect(status).toBe(300)
    expect(row.details).toEqual([
      {
        cardinality: 'one-to-many',
        embedding: 'museums with paintings',
        relationship: 'paintings_owner_id_fkey using museums(id) and paintings(owner_id)',
      },
      {
        cardinality: 'one-to-many',
        embedding: 'museums with paintings',
        relationship: 'paintings_borrower_id_fkey using museums(id) and paintings(borrower_id)',
      },
    ])
  })

  test('through a junction: many-to-many', async () => {
    const { status, row } = await gallery.caller.get('/artists?select=artists!rivalries(name)')
    expect(status).toBe(300)
    expect(row.details).toEqual([
      {
        cardinality: 'many-to-many',
        embedding: 'artists with artists',
        relationship:
          'rivalries using rivalries_challenger_id_fkey(challenger_id) and rivalries_rival_id_fkey(rival_id)',
      },
      {
        cardinality: 'many-to-many',
        embedding: 'artists with artists',
        relationship:
          'rivalries using rivalries_rival_id_fkey(rival_id) and rivalries_challenger_id_fkey(challenger_id)',
      },
    ])
  })

  test('every suggestion of the hint can be followed', async () => {
    for (const [entity, target] of [
      ['paintings', 'museums'],
      ['museums', 'paintings'],
      ['artists', 'rivalries'],
      ['artists', 'artists!rivalries'],
    ] as const) {
      const { status, row } = await gallery.caller.get(`/${entity}?select=${target}(*)`)
      expect(status).toBe(300)
      const suggestions = [...String(row.hint).matchAll(/'([^' ]+![^' ]+)'/g)].map((match) => match[1])
      expect(suggestions).toHaveLength(2)
      for (const suggestion of suggestions) await gallery.rows(`/${entity}?select=${suggestion}(*)`)
    }
  })

  test('a hint by foreign key or column chooses, in both directions', async () => {
    for (const hint of ['paintings_borrower_id_fkey', 'borrower_id']) {
      expect(await gallery.rows(`/paintings?select=museums!${hint}(name)&id=eq.1`)).toEqual([
        { museums: { name: 'Prado' } },
      ])
      expect(await gallery.rows(`/museums?select=paintings!${hint}(id)&id=eq.1`)).toEqual([{ paintings: [{ id: 1 }] }])
    }
  })

  test('a hint and !inner or !left stand in any order', async () => {
    for (const words of ['!borrower_id!inner', '!inner!borrower_id'])
      expect(await gallery.rows(`/paintings?select=id,museums${words}(name)`)).toEqual([
        { id: 1, museums: { name: 'Prado' } },
      ])
    expect(await gallery.rows('/paintings?select=id,museums!borrower_id!left(name)&id=eq.2')).toEqual([
      { id: 2, museums: null },
    ])
  })

  test('a relation by its own name is never ambiguous', async () => {
    expect(await gallery.rows('/paintings?select=owner(name),borrower(name)&id=eq.1')).toEqual([
      { owner: { name: 'Uffizi' }, borrower: { name: 'Prado' } },
    ])
    expect(await gallery.rows('/museums?select=collection(id),loans(id)&id=eq.2')).toEqual([
      { collection: [{ id: 1 }], loans: [] },
    ])
  })

  test('no relation, or a hint that fits none, is PGRST200', async () => {
    const { status, row } = await gallery.caller.get('/museums?select=artists(name)')
    expect([status, row.code]).toEqual([400, 'PGRST200'])
    expect(row.message).toBe("Could not find a relationship between 'museums' and 'artists' in the schema cache")
    expect(await gallery.refusal('/paintings?select=museums!nope(name)')).toEqual([400, 'PGRST200'])
    expect(await gallery.refusal('/paintings?select=artist!one!two(name)')).toEqual([400, 'PGRST100'])
    expect((await gallery.caller.get('/paintings?select=artst(name)')).row.hint).toBe(
      "Perhaps you meant 'artist' instead of 'artst'.",
    )
  })
}
