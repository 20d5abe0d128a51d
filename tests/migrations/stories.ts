/** The example migrations, read: two documents each, and the story of what both versions show and take. */
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Side, Subject } from './ledger.ts'

type Body = Readonly<Record<string, unknown>>
/** By version, by path: the rows that it answers. */
export type Shown = Readonly<Partial<Record<Side, Readonly<Record<string, readonly object[]>>>>>

export interface Write {
  readonly as: Side
  readonly post?: string
  readonly patch?: string
  readonly body: object
  /** Unless it succeeds. */
  readonly status?: number
}

/** Rows of one entity that clients make and change all the time. */
export interface Load {
  /** Where it is not `people` in both. */
  readonly entity?: Partial<Record<Side, string>>
  /** What such a row may be, as each version shows it and writes it; `$n` is another number in each row (alone, it is no text). */
  readonly states: readonly (Partial<Record<Side, Body>> & {
    /** Of which version clients write this, where that is not all that show it. */
    readonly as?: Side
    /** What a version shows beside what is written. */
    readonly shows?: Partial<Record<Side, Body>>
  })[]
}

export interface Story {
  /** Compatible: served at once. */
  readonly published?: boolean
  readonly rows: readonly Readonly<Record<string, readonly object[]>>[]
  /** What stands in the way, and what an older client does about it. */
  readonly blocked?: { readonly code: string; readonly count: number; readonly mended_by: Omit<Write, 'as'> }
  readonly shows: Shown
  readonly writes: readonly Write[]
  readonly then: Shown
  /** Rows that there are get values, or go, as the document says: that stays when it is taken back. */
  readonly in_place?: boolean
  /** After the contract. */
  readonly finally?: readonly Write[]
  readonly parked?: readonly string[]
  readonly no_index?: string
  readonly load: readonly Load[]
}

const FOLDER = new URL('../../examples/migrations/', import.meta.url)

export const NAMES: readonly string[] = readdirSync(FOLDER).filter((name) => /^\d\d-/.test(name))

export function read(name: string, file: 'before' | 'after' | 'story'): string {
  return readFileSync(new URL(`${name}/${file}.yaml`, FOLDER), 'utf8')
}

export function readStory(name: string): Story {
  return parse(read(name, 'story'))
}

export function schemaOf(name: string): string {
  return name.slice(3).replaceAll('-', '_')
}

interface LoadedRow {
  readonly n: number
  readonly load: Load
  readonly state: Load['states'][number]
}

/**
 * The rows of a story's `load`, as a ledger has them.
 *
 * @param richer whether clients of the newer version write what the older one cannot hold: that is lost when it is taken back.
 */
export function subjectOf({ load }: Story, richer: () => boolean): Subject<LoadedRow> {
  const shows = (
    { load: { entity = {} }, state, n }: LoadedRow,
    side: Side,
  ): ReturnType<Subject<LoadedRow>['shows']> => {
    const row = state[side]
    return row ? { entity: entity[side] ?? 'people', row: numbered({ ...row, ...state.shows?.[side] }, n) } : null
  }
  const toNext = (model: LoadedRow, k: number, side: Side): ReturnType<Subject<LoadedRow>['update']> => {
    const isWritable = ({ as, [side]: body }: Load['states'][number]): boolean =>
      body !== undefined && (as === undefined || (as === side && (side === 'old' || richer())))
    const states = model.load.states.filter(isWritable)
    // Not by its parity, which says whose turn it is.
    const state = states[Math.floor(k / 2) % states.length]
    if (!state) return null
    return { model: { ...model, state }, body: numbered(state[side] ?? {}, model.n) }
  }
  return {
    shows,
    create(n, side) {
      const one = load[Math.floor(n / 2) % load.length]
      return one?.states[0] ? toNext({ n, load: one, state: one.states[0] }, n, side) : null
    },
    update: toNext,
  }
}

function numbered(body: Body, n: number): Body {
  const numberedValue = (value: unknown): unknown => {
    if (value === '$n') return n
    return typeof value === 'string' ? value.replaceAll('$n', String(n)) : value
  }
  return Object.fromEntries(Object.entries(body).map(([field, value]) => [field, numberedValue(value)]))
}
