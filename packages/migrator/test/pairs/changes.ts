/** The rows of the change matrix as random changes: what the document before needs, what becomes of it, and what rows come to. */

export type Field = Record<string, unknown>
export interface Entity {
  fields: Record<string, Field>
  renamed_from?: string
  removed?: string[] | Record<string, object>
  unique?: string[][]
  indexes?: string[][]
}
export interface Doc {
  schema: string
  removed?: string[]
  entities: Record<string, Entity>
}
export type Row = Record<string, string | number | null>

/** One change, of the entity `e`, about the field `f`. */
export interface Change {
  readonly row: string
  before(doc: Doc, f: string): void
  after(doc: Doc, f: string): void
  /** What row `i` has before. */
  value?(i: number): string | number | null
  /** What it shows then, by field; unless nothing changes. */
  shows?(f: string, i: number): Row
  /** Whether row `i` is there no longer. */
  loses?(i: number): boolean
}

export const e = (doc: Doc): Entity => doc.entities.e as Entity
const field =
  (options: Field) =>
  (doc: Doc, f: string): void => {
    e(doc).fields[f] = { ...options }
  }
const entity = (doc: Doc, name: string, what: Entity): void => {
  doc.entities[name] = what
}
const without = (entity: Entity, f: string): void => {
  delete entity.fields[f]
}
const gone = (doc: Doc, f: string, how: object = {}): void => {
  without(e(doc), f)
  e(doc).removed = { ...(e(doc).removed as object), [f]: how }
}
const none = (): void => {}
const T = { a: 'aaaaaaaa-0000-4000-8000-000000000001', lost: 'bbbbbbbb-0000-4000-8000-000000000002' }
export const TARGET: string = T.a

export const CHANGES: readonly Change[] = [
  {
    row: 'add entity',
    before: none,
    after: (doc, f) => entity(doc, `n_${f}`, { fields: { x: { type: 'string', required: true } } }),
  },
  {
    row: 'drop entity',
    before: (doc, f) => entity(doc, `d_${f}`, { fields: { x: { type: 'string' }, t: { to: 't' } } }),
    after(doc, f) {
      delete doc.entities[`d_${f}`]
      doc.removed = [...(doc.removed ?? []), `d_${f}`]
    },
  },
  {
    row: 'rename entity',
    before: (doc, f) => entity(doc, `o_${f}`, { fields: { x: { type: 'string', max: 9 } } }),
    after(doc, f) {
      delete doc.entities[`o_${f}`]
      doc.entities[`r_${f}`] = { renamed_from: `o_${f}`, fields: { x: { type: 'string', max: 9 } } }
    },
  },
  {
    row: 'rename field',
    before: field({ type: 'string', max: 20 }),
    after(doc, f) {
      without(e(doc), f)
      e(doc).fields[`${f}r`] = { type: 'string', max: 20, renamed_from: f }
    },
    value: (i) => `v${i}`,
    shows: (f, i) => ({ [`${f}r`]: `v${i}` }),
  },
  {
    row: 'add nullable',
    before: none,
    after: field({ type: 'decimal', precision: 8, scale: 2 }),
    shows: (f) => ({ [f]: null }),
  },
  {
    row: 'add default',
    before: none,
    after: field({ type: 'integer', required: true, default: 7 }),
    shows: (f) => ({ [f]: 7 }),
  },
  {
    row: 'add required from expression',
    before: none,
    after: field({ type: 'bigint', required: true, fill: { cel: 'n + 1' } }),
    shows: (f, i) => ({ [f]: i + 1 }),
  },
  { row: 'drop field', before: field({ type: 'string' }), after: gone, value: (i) => `v${i}` },
  {
    row: 'widen',
    before: field({ type: 'string', max: 5 }),
    after: field({ type: 'string', max: 50 }),
    value: (i) => `v${i}`,
  },
  { row: 'widen', before: field({ type: 'integer', min: 0 }), after: field({ type: 'bigint' }), value: (i) => i },
  {
    row: 'narrow',
    before: field({ type: 'integer', min: 0, max: 1000 }),
    after: field({ type: 'integer', min: 0, max: 500 }),
    value: (i) => i,
  },
  {
    row: 'convert',
    before: field({ type: 'integer' }),
    after: field({ type: 'decimal', convert: { up: 'decimal(F) / decimal(100)', down: 'int(F * decimal(100))' } }),
    value: (i) => (i % 3 === 0 ? null : i * 100),
    shows: (f, i) => ({ [f]: i % 3 === 0 ? null : i }),
  },
  {
    row: 'convert',
    before: field({ type: 'integer', required: true }),
    after: field({ type: 'string', required: true }),
    value: (i) => i,
    shows: (f, i) => ({ [f]: String(i) }),
  },
  {
    row: 'enum add',
    before: field({ type: 'enum', values: ['a', 'b'] }),
    after: field({ type: 'enum', values: ['a', 'b', 'c'] }),
    value: (i) => (i % 2 ? 'a' : 'b'),
  },
  {
    row: 'enum remove',
    before: field({ type: 'enum', values: ['a', 'b', 'c'], required: true }),
    after: field({ type: 'enum', values: ['a', 'b'], required: true, map: { c: 'a' } }),
    value: (i) => ['a', 'b', 'c'][i % 3] as string,
    shows: (f, i) => ({ [f]: ['a', 'b', 'a'][i % 3] as string }),
  },
  {
    row: 'set required',
    before: field({ type: 'string', max: 20 }),
    after: field({ type: 'string', max: 20, required: true, fill: 'none' }),
    value: (i) => (i % 2 ? `v${i}` : null),
    shows: (f, i) => ({ [f]: i % 2 ? `v${i}` : 'none' }),
  },
  {
    row: 'unset required',
    before: field({ type: 'string', required: true }),
    after: field({ type: 'string', fill: 'none' }),
    value: (i) => `v${i}`,
  },
  {
    row: 'add unique',
    before: field({ type: 'integer' }),
    after: field({ type: 'integer', unique: true }),
    value: (i) => i,
  },
  {
    row: 'drop unique',
    before: field({ type: 'integer', unique: true }),
    after: field({ type: 'integer' }),
    value: (i) => i,
  },
  {
    row: 'add index',
    before: field({ type: 'integer' }),
    after(doc, f) {
      e(doc).indexes = [...(e(doc).indexes ?? []), [f]]
    },
    value: (i) => i,
  },
  {
    row: 'drop index',
    before(doc, f) {
      e(doc).fields[f] = { type: 'integer' }
      e(doc).indexes = [...(e(doc).indexes ?? []), [f]]
    },
    after(doc, f) {
      e(doc).indexes = e(doc).indexes?.filter(([name]) => name !== f) ?? []
    },
    value: (i) => i,
  },
  {
    row: 'add relation',
    before: field({ type: 'uuid' }),
    after: field({ to: 't', orphans: 'set_null' }),
    value: (i) => (i % 3 === 0 ? T.lost : T.a),
    shows: (f, i) => ({ [f]: i % 3 === 0 ? null : T.a }),
  },
  {
    row: 'add relation',
    before: field({ type: 'uuid' }),
    after: field({ to: 't', orphans: 'delete' }),
    value: (i) => (i === 5 ? T.lost : T.a),
    loses: (i) => i === 5,
  },
  { row: 'drop relation', before: field({ to: 't' }), after: field({ type: 'uuid' }), value: () => T.a },
  {
    row: 'change default',
    before: field({ type: 'string', default: 'a' }),
    after: field({ type: 'string', default: 'b' }),
    value: (i) => `v${i}`,
  },
  {
    row: 'computed stored',
    before: none,
    after: field({ type: 'bigint', computed: 'n * 2', stored: true }),
    shows: (f, i) => ({ [f]: i * 2 }),
  },
  {
    row: 'computed stored',
    before: field({ type: 'bigint', computed: 'n * 2', stored: true }),
    after: field({ type: 'bigint', computed: 'n * 3', stored: true }),
    shows: (f, i) => ({ [f]: i * 3 }),
  },
  {
    row: 'split',
    before: field({ type: 'string', required: true }),
    after(doc, f) {
      gone(doc, f, { down: `${f}x + ' ' + ${f}y` })
      e(doc).fields[`${f}x`] = { type: 'string', convert: { up: `${f}.split(' ')[0]` } }
      e(doc).fields[`${f}y`] = { type: 'string', convert: { up: `${f}.split(' ')[1]` } }
    },
    value: (i) => `a${i} b${i}`,
    shows: (f, i) => ({ [`${f}x`]: `a${i}`, [`${f}y`]: `b${i}` }),
  },
  {
    row: 'merge',
    before(doc, f) {
      e(doc).fields[f] = { type: 'string' }
      e(doc).fields[`${f}y`] = { type: 'string', required: true, default: 'z' }
    },
    after(doc, f) {
      gone(doc, f, { down: `${f}m.split(' ')[0]` })
      gone(doc, `${f}y`, { down: `${f}m.split(' ')[1]` })
      e(doc).fields[`${f}m`] = { type: 'string', convert: { up: `${f} + ' ' + ${f}y` } }
    },
    value: (i) => `a${i}`,
    shows: (f, i) => ({ [`${f}m`]: `a${i} z` }),
  },
]

/** `F` in expressions is the field; references get names. */
export function named(doc: Doc): Doc {
  for (const entity of Object.values(doc.entities)) {
    for (const [name, options] of Object.entries(entity.fields)) {
      if (options.to !== undefined) options.as = `${name}_row`
      const { convert } = options as { convert?: Record<string, string> }
      if (!convert) continue
      options.convert = Object.fromEntries(
        Object.entries(convert).map(([way, text]) => [way, text.replace(/\bF\b/g, name)]),
      )
    }
  }
  return doc
}
