/** Folders that can be made, and those that cannot: each with its reason, and at once. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { prepareFolder } from './data-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'backsaas-folder-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a folder is made with those above it, and may be there already', () => {
  const deep = join(folder, 'a/b/c')
  for (const _ of [1, 2]) prepareFolder(deep)
  expect(statSync(deep).isDirectory()).toBe(true)
})

test('a file is no folder, nor is what would be in it', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'data')]) {
    expect(() => prepareFolder(path)).toThrow(`cannot write to the folder ${path}: ${file} is a file`)
  }
})

test.runIf(process.platform === 'linux')('where no folder can be made, that is told at once', () => {
  expect(() => prepareFolder('/proc/nope')).toThrow(/^cannot write to the folder \/proc\/nope: E[A-Z]+$/)
})
