/** That no public method of the client goes without a test. */
import { readFileSync } from 'node:fs'
import { PostgrestClient } from '@supabase/postgrest-js'
import { expect, test } from 'vitest'

const FILES = ['queries.ts', 'filters.ts', 'transforms.ts', 'answers.ts'] as const
/** How the client sends a query; awaiting is calling it. */
const NOT_CALLED_BY_NAME: ReadonlySet<string> = new Set(['constructor', 'then'])

export function everyMethod(): void {
  test('every public method of the client is called in these tests', () => {
    const source = FILES.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n')
    const methods = publicMethods()
    expect(methods.length).toBeGreaterThan(55)
    expect(methods.filter((name) => !new RegExp(`\\.${name}[(<]`).test(source))).toEqual([])
  })
}

/** Of the client and every builder that a query goes through. */
function publicMethods(): readonly string[] {
  const client = new PostgrestClient('http://localhost', { fetch: () => Promise.reject(new Error('not sent')) })
  const query = client.from('x')
  const filter = query.select()
  return [...new Set([client, query, filter].flatMap(methodsOf))].filter((name) => !NOT_CALLED_BY_NAME.has(name))
}

function methodsOf(object: object): readonly string[] {
  const names: string[] = []
  for (let at = Object.getPrototypeOf(object); at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    names.push(...Object.getOwnPropertyNames(at))
  return names.filter((name) => !INTERNAL.has(name))
}

/** `private` or `protected` in the client's own types. */
const INTERNAL: ReadonlySet<string> = new Set(['decorateFetch', 'cloneRequestState', 'processResponse'])
