/** Pages by key: nothing left out, nothing doubled, no digit lost. */
import { expect, test } from 'vitest'
import { keysetFilter } from './keyset-filter.ts'
import { readCsvPages, readJsonPages } from './read-pages.ts'
import { createRestClient } from './rest-client.ts'

test('the next page begins after the last key', () => {
  expect(keysetFilter(['id'], null)).toBe('')
  expect(keysetFilter(['code'], ['a&b'])).toBe('code=gt.a%26b')
  expect(decodeURIComponent(keysetFilter(['a', 'b'], ['1', 'x"y']))).toBe('or=(a.gt."1",and(a.eq."1",b.gt."x\\"y"))')
})

/** Serves these pages, one after the other, and tells what was asked. */
function serve(pages: readonly string[]) {
  const asked: string[] = []
  const client = createRestClient({
    url: 'http://test/rest/v1',
    apiKey: 'k',
    fetch: async (request) => {
      asked.push(decodeURIComponent(new URL(request.url).search))
      return new Response(pages[asked.length - 1] ?? '')
    },
  })
  return { asked, options: { client, pageRows: 1000 } }
}

test('a page that is short is not the end, an empty one is', async () => {
  const { asked, options } = serve(['[{"id":9007199254740993,"n":0.90}]', '[{"id":9007199254740995,"n":1}]', '[]'])
  const rows: unknown[] = []
  for await (const page of readJsonPages({ entity: 'items', key: ['id'] }, options)) rows.push(...page)
  expect(JSON.stringify(rows)).toBe('[{"id":9007199254740993,"n":0.90},{"id":9007199254740995,"n":1}]')
  expect(asked.map((search) => search.split('&')[2])).toEqual([
    undefined,
    'id=gt.9007199254740993',
    'id=gt.9007199254740995',
  ])
})

test('CSV pages give their header apart', async () => {
  const { asked, options } = serve(['id,t\n1,"a\nb"\n2,', 'id,t'])
  const pages = []
  for await (const page of readCsvPages({ entity: 'items', key: ['id'] }, options)) pages.push(page)
  expect(pages).toEqual([
    { header: 'id,t', body: '1,"a\nb"\n2,', rows: 2 },
    { header: 'id,t', body: '', rows: 0 },
  ])
  expect(asked[1]).toContain('id=gt.2')
})

test('a key that cannot be read back is refused, not guessed', async () => {
  const read = async (page: string): Promise<void> => {
    for await (const _ of readCsvPages({ entity: 'items', key: ['id'] }, serve([page]).options));
  }
  await expect(read("id\n'=1")).rejects.toMatchObject({ code: 'KEY_UNREADABLE' })
  await expect(read('name\nx')).rejects.toMatchObject({ code: 'KEY_MISSING' })
})
