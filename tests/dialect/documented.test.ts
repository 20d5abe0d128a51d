/** That docs/dialect.md is true and complete: its links lead to tests, and nothing of the specification is left out. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SECTIONS } from './sections.ts'

const DOCUMENT = new URL('../../docs/dialect.md', import.meta.url)
const document = readFileSync(DOCUMENT, 'utf8')
const rows = document.split('\n').filter((line) => /^\| (?!---|feature)/.test(line))

interface TestLink {
  readonly name: string
  readonly file: string
}

/** `[name of a test](../tests/…)`; a name may hold brackets of neither kind. */
function testLinks(text: string): readonly TestLink[] {
  return [...text.matchAll(/\[([^\]]+)\]\((\.\.\/tests\/[^)]+)\)/g)].map(([, name = '', file = '']) => ({ name, file }))
}

/** The names that a file gives its tests, as written in it. */
function testNames(file: URL): ReadonlySet<string> {
  const source = readFileSync(file, 'utf8')
  return new Set([...source.matchAll(/\btest\(\s*(['"`])(.*?)\1,/gs)].map((match) => match[2] ?? ''))
}

test('every link leads to a test of that name', () => {
  const dead = testLinks(document)
    .filter(({ file }) => file !== '../tests/client/suite.ts')
    .filter(({ name, file }) => !testNames(new URL(file, DOCUMENT)).has(name))
  expect(testLinks(document).length).toBeGreaterThan(150)
  expect(dead).toEqual([])
})

test('every row has a status, and a test unless it does not apply', () => {
  const faults = rows.filter((row) => {
    const [, , status = '', tests = ''] = row.split(' | ').length === 3 ? ['', ...row.split(' | ')] : []
    const known = /^(?:supported|different|refused|not applicable|see |lists supported|read, and)/.test(status)
    return !known || (testLinks(tests).length === 0 && !status.startsWith('not applicable'))
  })
  expect(rows.length).toBeGreaterThan(90)
  expect(faults).toEqual([])
})

test('every section of the specification is there', () => {
  const missing = SECTIONS.filter((section) => !document.includes(`/references/${section})`))
  expect(missing).toEqual([])
})

test('every code of the specification is there', () => {
  const numbers = [
    ...[100, 101, 102, 103, 105, 106, 107, 108, 111, 112, 114, 115, 116, 117, 118, 120, 121, 122, 123, 124, 125, 126],
    ...[127, 128, 200, 201, 202, 203, 204, 205],
  ]
  expect(numbers.filter((number) => !document.includes(`PGRST${number}`))).toEqual([])
})

test('every test of the dialect is in the document', () => {
  const linked = new Set(testLinks(document).map(({ name }) => name))
  const files = readdirSync(new URL('.', import.meta.url)).filter(
    (name) => name.endsWith('.ts') && name !== 'documented.test.ts',
  )
  const names = files.flatMap((file) => [...testNames(new URL(file, import.meta.url))])
  expect(names.length).toBeGreaterThan(140)
  expect(names.filter((name) => !linked.has(name))).toEqual([])
})
