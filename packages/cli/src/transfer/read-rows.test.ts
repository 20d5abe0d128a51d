/** Files of every format as rows, broken ones included. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findFiles } from './find-files.ts'
import { readRows } from './read-rows.ts'
import type { SourceRow } from './source-row.ts'

const folder = mkdtempSync(join(tmpdir(), 'backsaas-read-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function read(name: string, content: string | Uint8Array): Promise<Omit<SourceRow, 'bytes'>[]> {
  writeFileSync(join(folder, name), content)
  const rows: Omit<SourceRow, 'bytes'>[] = []
  for (const file of findFiles(join(folder, name)))
    for await (const { bytes: _bytes, ...row } of readRows(file)) rows.push(row)
  return rows
}

test('a JSON array is rows of the file’s name, an object rows of its keys', async () => {
  expect(await read('genres.json', '\uFEFF[{"a":1},{"a":{"b":[2]}}, 3]')).toEqual([
    { source: 'genres', row: 1, values: { a: 1 } },
    { source: 'genres', row: 2, values: { a: { b: [2] } } },
    { source: 'genres', row: 3, fault: 'row 3 is not a JSON object' },
  ])
  expect(await read('all.json', '{"Genre":[{"a":"x"}],"Empty":[],"Track":[{"a":null}]}')).toEqual([
    { source: 'Genre', row: 1, values: { a: 'x' } },
    { source: 'Track', row: 1, values: { a: null } },
  ])
})

test('numbers keep their digits in every format', async () => {
  const text = '{"price":0.90,"big":9007199254740993,"plain":1.5}'
  for (const [name, content] of [
    ['n.json', `[${text}]`],
    ['n.ndjson', text],
  ] as const) {
    const [row] = await read(name, content)
    expect(JSON.stringify(row?.values)).toBe(text)
  }
})

test('JSON of another form, or broken off, is an error that names the file', async () => {
  for (const content of ['{"a":1}', '3', '[{"a":1},', '[{"a":1} {"a":2}]', '{"a":[{"b":1}],"c":{"d":1}}'])
    await expect(read('broken.json', content), content).rejects.toMatchObject({ code: 'FILE_INVALID' })
})

test('NDJSON is one row a line; a broken line is that row’s fault alone', async () => {
  const rows = await read('x.ndjson', '{"a":1}\r\n\n{"a":\n[1]\n{"a":"\u2028"}')
  expect(rows).toMatchObject([
    { row: 1, values: { a: 1 } },
    { row: 2, fault: expect.stringMatching(/^line 3 is not JSON/) },
    { row: 3, fault: 'line 4 is not a JSON object' },
    { row: 4, values: { a: '\u2028' } },
  ])
})

test('CSV tells nothing from an empty text, and a record with other cells is that row’s fault alone', async () => {
  const rows = await read('x.csv', '\uFEFFid,name\r\n1,"a ""b"", c\nd"\n2,\n3,""\n4\n5,x,y\n6,end')
  expect(rows).toEqual([
    { source: 'x', row: 1, values: { id: '1', name: 'a "b", c\nd' } },
    { source: 'x', row: 2, values: { id: '2', name: null } },
    { source: 'x', row: 3, values: { id: '3', name: '' } },
    { source: 'x', row: 4, fault: 'line 6 has 1 cells, the header has 2' },
    { source: 'x', row: 5, fault: 'line 7 has 3 cells, the header has 2' },
    { source: 'x', row: 6, values: { id: '6', name: 'end' } },
  ])
})

test('CSV that cannot be read on is an error that names the file', async () => {
  for (const content of ['', 'a,a\n1,2', 'a,\n1,2', 'a,b\n1,"x', 'a,b\n1,x"y"', 'a,b\n1,"x"y'])
    await expect(read('broken.csv', content), content).rejects.toMatchObject({ code: 'FILE_INVALID' })
})

test('a folder is its files of known endings; anything else is refused', () => {
  writeFileSync(join(folder, 'README.md'), '')
  expect(findFiles(folder).map(({ name }) => name)).not.toContain('README')
  expect(() => findFiles(join(folder, 'README.md'))).toThrow(/no file that can be imported/)
  expect(() => findFiles(join(folder, 'nothing'))).toThrow(/no such file/)
})

test('what is not UTF-8 is refused with the file and the place, in every format', async () => {
  const broken = (before: string, after: string): Uint8Array =>
    Buffer.concat([Buffer.from(before), Buffer.from([0xe9]), Buffer.from(after)])
  for (const [name, content] of [
    ['latin.json', broken('[{"a":"caf', '"}]')],
    ['latin.ndjson', broken('{"a":"caf', '"}')],
    ['latin.csv', broken('a,b\n1,caf', '\n')],
  ] as const)
    await expect(read(name, content), name).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringMatching(`${name.replace('.', '\\.')} is not UTF-8: .*byte 1[01]$`),
    })
  for (const name of ['wide.json', 'wide.ndjson', 'wide.csv'])
    await expect(read(name, Buffer.from('\uFEFF[{"a":1}]', 'utf16le')), name).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringContaining('UTF-16'),
    })
  const long = 'é'.repeat(100_000)
  expect(await read('long.ndjson', `{"ab":"${long}"}`)).toMatchObject([{ values: { ab: long } }])
  const late = broken(`{"ab":"${long}`, '"}')
  await expect(read('late.ndjson', late)).rejects.toThrow(/byte 20000[5-8]$/)
})

test('CSV loses the apostrophe that an export put there, unless it is to be kept', async () => {
  const text = `phone,name\n'+55 11 5555,"'=1+1"\n+49 30,'tis`
  expect((await read('phones.csv', text)).map(({ values }) => values)).toEqual([
    { phone: '+55 11 5555', name: '=1+1' },
    { phone: '+49 30', name: "'tis" },
  ])
  const [file] = findFiles(join(folder, 'phones.csv'))
  const kept: unknown[] = []
  if (file) for await (const { values } of readRows(file, { unguard: false })) kept.push(values)
  expect(kept[0]).toEqual({ phone: "'+55 11 5555", name: "'=1+1" })
})
