/** A tenant with the gallery's rows in it, and short ways to ask for them. */
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import type { Caller, HeaderValues } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { GALLERY_ROWS } from './gallery-rows.ts'

/** Lends the fixture to a part of the suite, once it is there. */
export type Lend = () => Fixture

export interface Gallery {
  readonly caller: Caller
  /** The body of a read that succeeds; fails the test where it does not. */
  rows(path: string, headers?: HeaderValues): Promise<unknown>
  /** The `id`s that a filter on `paintings` leaves, in order. */
  ids(filter: string): Promise<readonly unknown[]>
  /** Status and code of a read that is refused. */
  refusal(path: string, headers?: HeaderValues): Promise<readonly [number, unknown]>
  /** Status, `Content-Range` and number of rows. */
  range(path: string, headers?: HeaderValues): Promise<readonly [number, string | null, number]>
}

export async function startGallery(database: 'pglite' | 'postgres'): Promise<Fixture> {
  return startFixture({ database, schemas: [await readFile(new URL('gallery.yaml', import.meta.url), 'utf8')] })
}

/** A new tenant; its rows may be changed without a thought for other tests. */
export async function openGallery(fixture: Fixture): Promise<Gallery> {
  const caller = await fixture.newTenant()
  for (const [entity, rows] of Object.entries(GALLERY_ROWS)) await caller.add(entity, rows)
  const read = async (path: string, headers?: HeaderValues): Promise<Answer> => {
    const answer = await caller.get(path, headers)
    expect(answer.status, `${path} → ${answer.text}`).toBeLessThan(300)
    return answer
  }
  return {
    caller,
    rows: async (path, headers) => (await read(path, headers)).body,
    ids: async (filter) => (await read(`/paintings?select=id&order=id&${filter}`)).rows.map(({ id }) => id),
    refusal: async (path, headers) => {
      const answer = await caller.get(path, headers)
      return [answer.status, answer.row.code]
    },
    range: async (path, headers) => {
      const answer = await read(path, headers)
      return [answer.status, answer.headers.get('content-range'), answer.rows.length]
    },
  }
}
