/** Every shipped function has a page that is up to date. `UPDATE=1 vitest run tests/functions/pages.test.ts` writes them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { functions } from '@backsaas/plugins/functions'
import { expect, test } from 'vitest'
import { functionPage } from './function-page.ts'

const FOLDER = new URL('../../docs/functions/', import.meta.url)
const all = functions().functions

test.each(all.map((definition) => [definition.name, definition] as const))('the page of %s', (name, definition) => {
  const file = new URL(`${name}.md`, FOLDER)
  const page = functionPage(definition)
  if (process.env.UPDATE) writeFileSync(file, page)
  expect(readFileSync(file, 'utf8')).toBe(page)
})

test('no page is of a function that is gone, and the overview names each', () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(all.map(({ name }) => `${name}.md`).toSorted())
  const overview = readFileSync(new URL('../functions.md', FOLDER), 'utf8')
  expect(all.filter(({ name }) => !overview.includes(`functions/${name}.md`)).map(({ name }) => name)).toEqual([])
})
