/** Random rows for the gallery, the same for the same seed. */
import fc from 'fast-check'
import type { Row, Tables } from './evaluator.ts'

/** Texts that a careless parser or planner would trip over. */
export const TEXTS = [
  'A',
  'a',
  'Z',
  'abc',
  'Abd',
  'a,b',
  'say "hi"',
  'back\\slash',
  '(paren',
  'paren)',
  'dot.dot',
  'colon:colon',
  '100%',
  'under_score',
  "it's",
  'ünï',
  'é',
  '日本',
  ' lead',
  'null',
  'true',
  '{curly}',
  '[1,2)',
  'eq.1',
  '-- x',
  '*',
] as const
export const WORDS = ['angel', 'giant', 'dog', 'garden', 'hill'] as const
export const DAYS = ['1400-01-31', '1452-04-15', '1746-03-30', '1999-12-31', '2024-02-29'] as const

const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { freq: 4 })
const text = fc.constantFrom(...TEXTS)
const small = fc.integer({ min: -3, max: 12 })

const meta = fc.oneof(
  fc.constant(null),
  fc.record(
    {
      grade: fc.oneof(fc.constant(null), text, small, fc.boolean()),
      'two words': text,
      deep: fc.record({ n: maybe(small), 'left-hand': text }),
      list: fc.array(small, { maxLength: 3 }),
    },
    { requiredKeys: [] },
  ),
)

const PAINTING = {
  title: text,
  artist_id: maybe(fc.integer({ min: 1, max: 8 })),
  owner_id: maybe(fc.integer({ min: 1, max: 4 })),
  borrower_id: maybe(fc.integer({ min: 1, max: 4 })),
  year: maybe(small),
  price: maybe(fc.integer({ min: 0, max: 40 }).map((n) => n / 4)),
  weight: maybe(fc.integer({ min: -8, max: 8 }).map((n) => n / 2)),
  sold: maybe(fc.boolean()),
  serial: maybe(fc.constantFrom(9007199254740991, -9007199254740991, 0, 7)),
  medium: fc.constantFrom('oil', 'fresco', 'ink'),
  rooms: maybe(fc.tuple(small, fc.integer({ min: 1, max: 6 })).map(([from, size]) => `[${from},${from + size})`)),
  keywords: maybe(fc.uniqueArray(text, { maxLength: 3 })),
  sizes: maybe(fc.uniqueArray(small, { maxLength: 3 })),
  meta,
  notes: maybe(fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }).map((words) => words.join(' '))),
}

const ARTIST = {
  name: text,
  country: maybe(fc.constantFrom('IT', 'ES', 'fr')),
  born: maybe(fc.constantFrom(...DAYS)),
  tags: maybe(fc.uniqueArray(text, { maxLength: 2 })),
}

/** Tables in the order that references allow. */
export function randomTables(seed: number): Tables {
  const draw = <T>(of: fc.Arbitrary<T>, count: number): T[] => fc.sample(of, { seed: seed + count, numRuns: count })
  const numbered = (rows: readonly object[]): Row[] => rows.map((row, i) => ({ id: i + 1, ...row }) as Row) // JSON by construction
  const artists = numbered(draw(fc.record(ARTIST), 8)).map((row, i) => ({
    ...row,
    bio: null,
    mentor_id: i === 0 ? null : i % 3 === 0 ? null : Math.ceil(i / 2),
  }))
  const cities = fc.record({ city: maybe(text), opened: maybe(fc.constantFrom(...DAYS)) })
  const pairs = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 5 })), {
    minLength: 30,
    maxLength: 30,
    selector: (pair) => pair.join(),
  })
  return {
    museums: numbered(draw(cities, 4)).map((row, i) => ({ ...row, name: `Museum ${i}` })),
    artists,
    paintings: numbered(draw(fc.record(PAINTING), 24)),
    frames: draw(fc.record({ wood: maybe(text) }), 9).map((row, i) => ({ ...row, painting_id: i * 2 + 1 })),
    exhibitions: numbered(draw(fc.record({ name: text, opens: maybe(fc.constantFrom(...DAYS)) }), 5)),
    showings: (draw(pairs, 1)[0] ?? []).map(([painting_id, exhibition_id], i) => ({
      painting_id,
      exhibition_id,
      room: i % 4 === 0 ? null : (TEXTS[i % TEXTS.length] ?? null),
      rank: i % 5 === 0 ? null : i % 7,
    })),
  }
}
