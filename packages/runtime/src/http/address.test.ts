import { expect, test } from 'vitest'
import { readAddress } from './address.ts'

test.each([
  'http://acme.example.com/rest/v1/contacts?id=eq.1',
  'https://user:secret@Acme.Example.com:8443/t/acme/rest/v1/a%20b?x=%2F&y=?#z',
  'http://[::1]:8787/healthz',
  'http://localhost/?',
  'http://localhost/#a?b',
  'http://127.0.0.1:1/a?b=http://c/d',
])('reads %s as URL does', (text) => {
  const url = new URL(new Request(text.replace('user:secret@', '')).url)
  expect(readAddress(url.href)).toEqual({
    host: url.hostname,
    path: url.pathname,
    query: url.search.slice(1),
  })
})

test('leaves out who a URL says one is', () => {
  expect(readAddress('http://user:secret@acme.example.com:80/a').host).toBe('acme.example.com')
})
