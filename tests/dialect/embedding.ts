/** Resource embedding: every kind of relation, embeds within embeds, their own filters, order and pages. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function embedding(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })
  const rows = (path: string) => gallery.rows(path)
  const refusal = (path: string) => gallery.refusal(path)
  const names = async (path: string) => ((await rows(path)) as { name: string }[]).map(({ name }) => name)

  test('to one, by the name of the entity, the relation, the column or the foreign key', async () => {
    for (const target of ['artists', 'artist', 'artist_id', 'paintings_artist_id_fkey'])
      expect(await rows(`/paintings?select=title,who:${target}(name)&id=in.(1,4)&order=id`)).toEqual([
        { title: 'Annunciation', who: { name: 'Leonardo' } },
        { title: 'Sketch 100%', who: null },
      ])
  })

  test('to many is a list, empty where there are none', async () => {
    expect(await rows('/artists?select=name,paintings(title)&id=gte.3&order=id&paintings.order=title')).toEqual([
      { name: 'Goya', paintings: [{ title: 'The Colossus' }, { title: 'The Dog' }] },
      { name: 'Melzi', paintings: [] },
    ])
  })

  test('one to one is an object both ways', async () => {
    expect(await rows('/paintings?select=id,frames(wood)&id=gte.2&id=lt.4&order=id')).toEqual([
      { id: 2, frames: { wood: 'pine' } },
      { id: 3, frames: null },
    ])
    expect(await rows('/frames?select=wood,paintings(title)&wood=eq.oak')).toEqual([
      { wood: 'oak', paintings: { title: 'Annunciation' } },
    ])
  })

  test('many to many goes through the junction', async () => {
    expect(await rows('/exhibitions?select=name,paintings(id)&order=id&paintings.order=id')).toEqual([
      { name: 'Light', paintings: [{ id: 1 }, { id: 2 }] },
      { name: 'Shadow', paintings: [{ id: 2 }, { id: 3 }] },
      { name: 'Empty', paintings: [] },
    ])
    expect(await rows('/paintings?select=id,exhibitions(name)&id=eq.2&exhibitions.order=name.desc')).toEqual([
      { id: 2, exhibitions: [{ name: 'Shadow' }, { name: 'Light' }] },
    ])
  })

  test('many to many with filters, order and limit', async () => {
    expect(
      await rows(
        '/exhibitions?select=name,paintings(id)&order=id&paintings.order=id.desc&paintings.limit=1&paintings.id=lt.3',
      ),
    ).toEqual([
      { name: 'Light', paintings: [{ id: 2 }] },
      { name: 'Shadow', paintings: [{ id: 2 }] },
      { name: 'Empty', paintings: [] },
    ])
    expect(await names('/exhibitions?select=name,paintings!inner(id)&paintings.title=eq.The Dog')).toEqual(['Shadow'])
    expect(await names('/exhibitions?select=name,paintings!showings!inner(id)&paintings.id=eq.1')).toEqual(['Light'])
  })

  test('an entity that refers to itself, by relation, column and own name', async () => {
    expect(await rows('/artists?select=name,mentor(name),pupils(name)&id=eq.2')).toEqual([
      { name: 'Leonardo', mentor: { name: 'Verrocchio' }, pupils: [{ name: 'Melzi' }] },
    ])
    expect(await rows('/artists?select=mentor_id(name),artists(name),a:artists!mentor_id(name)&id=eq.2')).toEqual([
      { mentor_id: { name: 'Verrocchio' }, artists: [{ name: 'Melzi' }], a: [{ name: 'Melzi' }] },
    ])
    expect(await rows('/artists?select=name,mentor(name,mentor(name))&id=eq.4')).toEqual([
      { name: 'Melzi', mentor: { name: 'Leonardo', mentor: { name: 'Verrocchio' } } },
    ])
  })

  test('many to many of an entity with itself, by the key that leads out', async () => {
    const path = '/artists?select=challenges:artists!rivalries_challenger_id_fkey(name)'
    expect(await rows(`${path},challenged_by:artists!rivalries_rival_id_fkey(name)&id=eq.2`)).toEqual([
      { challenges: [{ name: 'Verrocchio' }], challenged_by: [{ name: 'Goya' }] },
    ])
    expect(await refusal('/artists?select=artists!rivalries(name)')).toEqual([300, 'PGRST201'])
  })

  test('an embed of an embed, with filters and order all the way down', async () => {
    expect(
      await rows(
        '/artists?select=name,paintings(id,showings(room,exhibition(name)))&id=eq.3&paintings.order=id&paintings.showings.order=rank.desc&paintings.showings.exhibition.name=eq.Shadow',
      ),
    ).toEqual([
      {
        name: 'Goya',
        paintings: [
          {
            id: 2,
            showings: [
              { room: 'B', exhibition: null },
              { room: 'A', exhibition: { name: 'Shadow' } },
            ],
          },
          { id: 3, showings: [{ room: 'C', exhibition: { name: 'Shadow' } }] },
        ],
      },
    ])
  })

  test('a filter on an embed leaves the outer rows alone', async () => {
    expect(await rows('/paintings?select=id,artist(name)&artist.name=eq.Goya&id=lte.2&order=id')).toEqual([
      { id: 1, artist: null },
      { id: 2, artist: { name: 'Goya' } },
    ])
    expect(await rows('/paintings?select=id,artist!left(name)&artist.name=eq.Goya&id=eq.1')).toEqual([
      { id: 1, artist: null },
    ])
  })

  test('or, and and not on the fields of an embed', async () => {
    expect(await rows('/paintings?select=id,showings(room)&id=eq.2&showings.or=(rank.gt.2,room.eq.Z)')).toEqual([
      { id: 2, showings: [{ room: 'B' }] },
    ])
    expect(await rows('/paintings?select=id,showings(room)&id=eq.2&showings.not.and=(rank.gt.2,room.eq.B)')).toEqual([
      { id: 2, showings: [{ room: 'A' }] },
    ])
  })

  test('order, limit and offset of an embed', async () => {
    expect(
      await rows('/paintings?select=showings(room)&id=eq.2&showings.order=room&showings.limit=1&showings.offset=1'),
    ).toEqual([{ showings: [{ room: 'B' }] }])
  })

  test('one relation under two aliases, filtered apart', async () => {
    expect(
      await rows('/artists?select=old:paintings(id),new:paintings(id)&id=eq.3&old.year=lt.1820&new.year=gte.1820'),
    ).toEqual([{ old: [{ id: 2 }], new: [{ id: 3 }] }])
    expect(await refusal('/paintings?select=artist(name),artist(country)')).toEqual([400, 'PGRST100'])
  })

  test('!inner filters the outer rows', async () => {
    expect(await names('/artists?select=name,paintings!inner(id)&paintings.year=gt.1820')).toEqual(['Goya'])
    expect(
      await names('/exhibitions?select=name,paintings!inner(id,artist!inner(name))&paintings.artist.name=eq.Leonardo'),
    ).toEqual(['Light'])
  })

  test('is.null and not.is.null on an embed are anti-join and join', async () => {
    expect(await names('/artists?select=name,paintings(id)&paintings=not.is.null&order=id')).toEqual([
      'Leonardo',
      'Goya',
    ])
    expect(await names('/artists?select=name,paintings()&paintings=is.null&order=id')).toEqual(['Verrocchio', 'Melzi'])
    expect(
      await names('/artists?select=name,paintings(id),mentor(id)&or=(paintings.is.null,mentor.is.null)&order=id'),
    ).toEqual(['Verrocchio', 'Goya', 'Melzi'])
  })

  test('another operator on an embed is refused', async () => {
    const { status, row } = await gallery.caller.get('/artists?select=name,paintings(id)&paintings=eq.1')
    expect([status, row.code]).toEqual([400, 'PGRST120'])
    expect(row.message).toBe("Bad operator on the 'paintings' embedded resource")
  })

  test('or across embeds, by not.is.null', async () => {
    const filter = 'artist.name=eq.Leonardo&owner.name=eq.Prado&or=(artist.not.is.null,owner.not.is.null)'
    expect(await rows(`/paintings?select=id,artist(),owner()&${filter}&order=id`)).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ])
    const shown = filter.replaceAll('artist.', 'a.').replaceAll('owner.', 'o.')
    expect(await rows(`/paintings?select=id,a:artist(),o:owner(),owner(name)&${shown}&id=eq.1`)).toEqual([
      { id: 1, owner: { name: 'Uffizi' } },
    ])
  })

  test('an empty embed filters and brings nothing', async () => {
    expect(await rows('/artists?select=name,paintings()&paintings.title=eq.The Dog&paintings=not.is.null')).toEqual([
      { name: 'Goya' },
    ])
  })

  test('the outer rows in the order of a to-one embed', async () => {
    expect(await rows('/paintings?select=id,artist(name)&order=artist(name).desc.nullslast,id')).toMatchObject([
      { id: 1 },
      { id: 2 },
      { id: 3 },
      { id: 4 },
    ])
    expect(await rows('/paintings?select=id,f:frames(wood)&order=f(wood).desc.nullslast,id&id=lte.2')).toMatchObject([
      { id: 2 },
      { id: 1 },
    ])
    expect(await rows('/paintings?select=id,artist(bio)&order=artist(bio->>age).nullslast,id')).toMatchObject([
      { id: 1 },
      { id: 2 },
      { id: 3 },
      { id: 4 },
    ])
  })

  test('the order of a to-many embed, or of one that is not selected, is refused', async () => {
    expect(await refusal('/artists?select=name,paintings(id)&order=paintings(id)')).toEqual([400, 'PGRST118'])
    expect(await refusal('/paintings?select=id&order=artist(name)')).toEqual([400, 'PGRST108'])
    expect(await refusal('/paintings?select=id,artist(name)&order=artist(nope)')).toEqual([400, '42703'])
  })

  test('a filter, order or page of an embed that is not selected is refused', async () => {
    for (const part of ['artist.name=eq.Goya', 'artist.order=name', 'artist.limit=1', 'artist.or=(name.eq.x)'])
      expect(await refusal(`/paintings?select=id&${part}`)).toEqual([400, 'PGRST108'])
  })

  test('what a write returns can embed', async () => {
    const { caller } = await openGallery(lend())
    const prefer = { prefer: 'return=representation' }
    const made = await caller.post('/paintings?select=id,artist(name)', { id: 50, title: 'T', artist_id: 3 }, prefer)
    expect([made.status, made.body]).toEqual([201, [{ id: 50, artist: { name: 'Goya' } }]])
    const changed = await caller.patch('/paintings?id=eq.2&select=id,...artist(name)', { year: 1813 }, prefer)
    expect(changed.body).toEqual([{ id: 2, name: 'Goya' }])
    const gone = await caller.delete('/paintings?id=eq.50&select=id,artist(name)', prefer)
    expect(gone.body).toEqual([{ id: 50, artist: { name: 'Goya' } }])
  })

  test('embeds go no deeper than the limit', async () => {
    expect(await refusal('/artists?select=mentor(mentor(mentor(mentor(mentor(mentor(name))))))')).toEqual([
      400,
      'LIMIT_EXCEEDED',
    ])
  })
}
