/** What hangs in the gallery of the dialect's tests, entity by entity, in the order that references allow. */

export type GalleryRow = Readonly<Record<string, unknown>>

/** Bodies of many rows set the same columns. */
const EMPTY_PAINTING: GalleryRow = {
  owner_id: null,
  borrower_id: null,
  price: null,
  weight: null,
  sold: null,
  serial: null,
  medium: 'oil',
  shown: null,
  rooms: null,
  asking: null,
  acquired: null,
  keywords: null,
  sizes: null,
  meta: null,
  notes: null,
}

export const GALLERY_ROWS: Readonly<Record<string, readonly GalleryRow[]>> = {
  museums: [
    { id: 1, name: 'Prado', city: 'Madrid', opened: '1819-11-19' },
    { id: 2, name: 'Uffizi', city: 'Florence', opened: '1769-01-01' },
    { id: 3, name: 'Closed, for (good)', city: null, opened: null },
  ],
  artists: [
    { id: 1, name: 'Verrocchio', country: 'IT', born: '1435-01-01', tags: ['sculptor'], bio: null, mentor_id: null },
    {
      id: 2,
      name: 'Leonardo',
      country: 'IT',
      born: '1452-04-15',
      tags: ['painter', 'engineer'],
      bio: { city: 'Vinci', age: 67, works: [{ name: 'Flight' }, { name: 'Water' }], 'left-handed': true },
      mentor_id: 1,
    },
    { id: 3, name: 'Goya', country: 'ES', born: '1746-03-30', tags: ['painter'], bio: { age: 82 }, mentor_id: null },
    { id: 4, name: 'Melzi', country: null, born: null, tags: null, bio: { age: null }, mentor_id: 2 },
  ],
  paintings: [
    {
      ...painting(1, 'Annunciation', 2, 1472),
      owner_id: 2,
      borrower_id: 1,
      price: '1000.50',
      weight: 12.5,
      sold: true,
      serial: '9007199254740993',
      shown: '[2024-01-01,2024-03-01)',
      rooms: '[1,5)',
      asking: '[900,1100]',
      acquired: '2020-01-01T12:00:00Z',
      keywords: ['angel', 'garden'],
      sizes: [98, 217],
      meta: { frame: { wood: 'oak' }, scans: [10, 20], grade: 'A' },
      notes: 'An angel kneels in a walled garden',
    },
    {
      ...painting(2, 'The Colossus', 3, 1812),
      owner_id: 1,
      price: '250.00',
      weight: 8,
      sold: false,
      medium: 'oil',
      rooms: '[5,9)',
      shown: '[2024-03-01,2024-06-01)',
      asking: '(100,300)',
      acquired: '2021-06-15T08:30:00+02:00',
      keywords: ['giant'],
      sizes: [116, 105],
      meta: { frame: { wood: 'pine' }, scans: [30], grade: 'B' },
      notes: 'A giant walks behind the hills; cattle and people flee the giant',
    },
    {
      ...painting(3, 'The Dog', 3, 1823),
      owner_id: 1,
      price: '250.00',
      sold: null,
      medium: 'fresco',
      rooms: '[20,30)',
      keywords: [],
      meta: { grade: null },
      notes: 'A dog looks up',
    },
    { ...painting(4, 'Sketch 100%', null, null), medium: 'ink', weight: 0.5, meta: [1, 2] },
  ].map(whole),
  frames: [
    { painting_id: 1, wood: 'oak' },
    { painting_id: 2, wood: 'pine' },
  ],
  exhibitions: [
    { id: 1, name: 'Light', opens: '2024-01-01' },
    { id: 2, name: 'Shadow', opens: '2024-05-01' },
    { id: 3, name: 'Empty', opens: null },
  ],
  showings: [
    { painting_id: 1, exhibition_id: 1, room: 'A', rank: 1 },
    { painting_id: 2, exhibition_id: 1, room: 'B', rank: 3 },
    { painting_id: 2, exhibition_id: 2, room: 'A', rank: 1 },
    { painting_id: 3, exhibition_id: 2, room: 'C', rank: 2 },
  ],
  rivalries: [
    { challenger_id: 2, rival_id: 1 },
    { challenger_id: 3, rival_id: 2 },
  ],
}

function painting(id: number, title: string, artist: number | null, year: number | null): GalleryRow {
  return { id, title, artist_id: artist, year }
}

function whole(row: GalleryRow): GalleryRow {
  return { ...EMPTY_PAINTING, ...row }
}
