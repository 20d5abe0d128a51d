import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findTestFiles } from './find-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'backsaas-find-'))
const at = (name: string): string => join(folder, name)
for (const name of ['schema.yaml', 'crm.yaml', 'crm.test.yaml', 'other.test.yml']) writeFileSync(at(name), '')
afterAll(() => rmSync(folder, { recursive: true }))

test('tests are for the schema that is given, else for the one of their name, else for schema.yaml', () => {
  expect(findTestFiles([at('crm.test.yaml')], 'x.yaml').tests).toEqual([
    { file: at('crm.test.yaml'), schema: 'x.yaml' },
  ])
  expect(findTestFiles([at('crm.test.yaml'), at('other.test.yml')], undefined)).toEqual({
    schemas: [],
    tests: [
      { file: at('crm.test.yaml'), schema: at('crm.yaml') },
      { file: at('other.test.yml'), schema: at('schema.yaml') },
    ],
  })
})

test('the only schema that is named is that of all tests', () => {
  expect(findTestFiles([at('other.test.yml'), at('crm.yaml')], undefined)).toEqual({
    schemas: [at('crm.yaml')],
    tests: [{ file: at('other.test.yml'), schema: at('crm.yaml') }],
  })
})

test('without files, a schema is tested by itself and by what stands beside it', () => {
  expect(findTestFiles([], at('crm.yaml'))).toEqual({
    schemas: [at('crm.yaml')],
    tests: ['crm.test.yaml', 'other.test.yml'].map((name) => ({ file: at(name), schema: at('crm.yaml') })),
  })
})

test('where nothing says which schema is meant, that is asked for', () => {
  expect(() => findTestFiles(['/nowhere/a.test.yaml'], undefined)).toThrow(
    expect.objectContaining({ code: 'NO_SCHEMA', hint: expect.stringContaining('--schema') }),
  )
})
