/** Spread embeds: the columns of related rows beside the row's own. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function spreading(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })
  const rows = (path: string) => gallery.rows(path)

  test('a to-one embed spread, with aliases and paths', async () => {
    expect(await rows('/paintings?select=id,...artist(who:name,bio->>age)&id=in.(2,4)&order=id')).toEqual([
      { id: 2, who: 'Goya', age: '82' },
      { id: 4, who: null, age: null },
    ])
  })

  test('spreads within spreads, and embeds within spreads', async () => {
    expect(await rows('/paintings?select=id,...artist(who:name,...mentor(master:name),pupils(name))&id=eq.1')).toEqual([
      { id: 1, who: 'Leonardo', master: 'Verrocchio', pupils: [{ name: 'Melzi' }] },
    ])
  })

  test('the columns of a junction beside those of the target', async () => {
    expect(
      await rows('/exhibitions?select=name,shown:showings(room,...painting(title))&id=eq.1&shown.order=rank'),
    ).toEqual([
      {
        name: 'Light',
        shown: [
          { room: 'A', title: 'Annunciation' },
          { room: 'B', title: 'The Colossus' },
        ],
      },
    ])
  })

  test('filters, !inner and order on a spread embed', async () => {
    expect(await rows('/paintings?select=id,...artist!inner(name)&artist.name=eq.Goya&order=id')).toEqual([
      { id: 2, name: 'Goya' },
      { id: 3, name: 'Goya' },
    ])
    expect(await rows('/paintings?select=id,...artist(name)&artist.name=eq.Goya&id=lte.2&order=id')).toEqual([
      { id: 1, name: null },
      { id: 2, name: 'Goya' },
    ])
    expect(await rows('/paintings?select=id,...artist(name)&artist=is.null')).toEqual([{ id: 4, name: null }])
    expect(await rows('/paintings?select=id,...artist(name)&order=artist(name).desc.nullsfirst,id&limit=2')).toEqual([
      { id: 4, name: null },
      { id: 1, name: 'Leonardo' },
    ])
  })

  test('a to-many embed spread is one list for each column, in one order', async () => {
    expect(
      await rows('/exhibitions?select=name,...paintings(titles:title,years:year)&order=id&paintings.order=id.desc'),
    ).toEqual([
      { name: 'Light', titles: ['The Colossus', 'Annunciation'], years: [1812, 1472] },
      { name: 'Shadow', titles: ['The Dog', 'The Colossus'], years: [1823, 1812] },
      { name: 'Empty', titles: [], years: [] },
    ])
    expect(await rows('/artists?select=...paintings(price,weight)&id=eq.3&paintings.order=id')).toEqual([
      { price: [250, 250], weight: [8, null] },
    ])
  })

  test('spreads and embeds inside a to-many spread', async () => {
    expect(
      await rows(
        '/exhibitions?select=...paintings(title,...artist(who:name),frames(wood),...showings(room))&id=eq.2&paintings.order=id&paintings.showings.order=rank',
      ),
    ).toEqual([
      {
        title: ['The Colossus', 'The Dog'],
        who: ['Goya', 'Goya'],
        frames: [{ wood: 'pine' }, null],
        room: [['A', 'B'], ['C']],
      },
    ])
  })

  test('columns under one name: the last holds', async () => {
    expect(await rows('/paintings?select=title,...artist(title:name)&id=eq.2')).toEqual([{ title: 'Goya' }])
    expect(await rows('/paintings?select=...artist(title:name),title&id=eq.2')).toEqual([{ title: 'The Colossus' }])
    expect(await rows('/paintings?select=...artist(name,name)&id=eq.2')).toEqual([{ name: 'Goya' }])
  })

  test('a spread cannot be renamed', async () => {
    expect(await gallery.refusal('/paintings?select=who:...artist(name)')).toEqual([400, 'PGRST100'])
  })
}
