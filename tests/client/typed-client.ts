/** The real `@supabase/postgrest-js`, typed, speaking to a tenant in process. */
import { PostgrestClient } from '@supabase/postgrest-js'
import { openGallery } from '../dialect/gallery.ts'
import type { Fixture } from '../fixture/start-fixture.ts'
import type { Database } from './database-type.ts'

export type GalleryClient = PostgrestClient<Database, { PostgrestVersion: '13' }, 'gallery'>

/** Lends the fixture to a part of the suite, once it is there. */
export type Lend = () => Fixture

/** A client of a new tenant with the gallery's rows; nothing about it knows that it does not speak to PostgREST. */
export async function openClient(fixture: Fixture): Promise<GalleryClient> {
  const { caller } = await openGallery(fixture)
  return new PostgrestClient<Database, { PostgrestVersion: '13' }, 'gallery'>('http://localhost/rest/v1', {
    headers: { apikey: caller.key, Authorization: `Bearer ${caller.key}` },
    fetch: (input, init) => inProcess(fixture, String(input), init),
    retry: false,
  })
}

/** As `fetch` does it: a signal that has been given ends the waiting. */
async function inProcess(fixture: Fixture, url: string, init: RequestInit | undefined): Promise<Response> {
  const { pathname, search } = new URL(url)
  const signal = init?.signal
  signal?.throwIfAborted()
  const answer = fixture.fetch(pathname + search, init)
  if (!signal) return answer
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([answer, aborted])
}
