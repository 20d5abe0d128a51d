/** Names of files and names of schemas. */
import { expect, test } from 'vitest'
import { readNameMap } from './name-map.ts'
import { entityCandidates, matchField, pluralOf, snakeCase } from './names.ts'

test('names in the style of programs become names in the style of schemas', () => {
  const names = { GenreId: 'genre_id', MediaType: 'media_type', 'Unit Price': 'unit_price', HTTPStatus: 'http_status' }
  for (const [name, snake] of Object.entries(names)) expect(snakeCase(name)).toBe(snake)
})

test('an entity is looked for as it is, in snake_case and in the plural', () => {
  expect(entityCandidates('InvoiceLine')).toEqual(['InvoiceLine', 'invoice_line', 'invoice_lines'])
  expect(entityCandidates('tracks')[0]).toBe('tracks')
  expect(['company', 'box', 'day', 'status'].map(pluralOf)).toEqual(['companies', 'boxes', 'days', 'statuses'])
})

test('a column means the field of its name, as it is before any other way', () => {
  expect(matchField('GenreId', new Set(['genre_id']))).toBe('genre_id')
  expect(matchField('name', new Set(['name']))).toBe('name')
  expect(matchField('Nmae', new Set(['name']))).toBeUndefined()
})

test('a map names entities and fields, and what is left out', () => {
  const { entities, fields } = readNameMap(['Genre=styles', 'Note=', 'Genre.Name=title', 'Genre.Old='])
  expect([...entities]).toEqual([
    ['Genre', 'styles'],
    ['Note', null],
  ])
  expect([...(fields.get('Genre') ?? [])]).toEqual([
    ['Name', 'title'],
    ['Old', null],
  ])
  for (const wrong of ['Genre', '=x', '.a=b']) expect(() => readNameMap([wrong])).toThrow(/is no mapping/)
})
