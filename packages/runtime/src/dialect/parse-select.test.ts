import { expect, test } from 'vitest'
import { parseSelect } from './parse-select.ts'

const column = (field: string, rest: object = {}) => ({
  kind: 'column',
  alias: null,
  path: { field, json: [] },
  cast: null,
  aggregate: null,
  ...rest,
})

test('columns, aliases, casts and JSON paths', () => {
  expect(parseSelect('*,id,full:first_name,age::text,meta->a->0->>b')).toEqual([
    { kind: 'star' },
    column('id'),
    column('first_name', { alias: 'full' }),
    column('age', { cast: 'text' }),
    column('meta', {
      path: {
        field: 'meta',
        json: [
          { arrow: '->', key: 'a' },
          { arrow: '->', key: 0 },
          { arrow: '->>', key: 'b' },
        ],
      },
    }),
  ])
})

test('embeds with alias, hint, join and nesting', () => {
  expect(parseSelect('boss:people!manager_id!inner(name,...team(title))')).toEqual([
    {
      kind: 'embed',
      alias: 'boss',
      target: 'people',
      hint: 'manager_id',
      join: 'inner',
      spread: false,
      items: [
        column('name'),
        {
          kind: 'embed',
          alias: null,
          target: 'team',
          hint: null,
          join: 'left',
          spread: true,
          items: [column('title')],
        },
      ],
    },
  ])
})

test('aggregates cast what goes in and what comes out', () => {
  expect(parseSelect('n:count(),price::numeric.sum()::text')).toEqual([
    { kind: 'count', alias: 'n', cast: null },
    column('price', { cast: 'numeric', aggregate: { name: 'sum', cast: 'text' } }),
  ])
})

test('an empty embed selects nothing', () => {
  expect(parseSelect('company()')).toMatchObject([{ kind: 'embed', items: [] }])
})

test.each(['id,', 'a(', 'a)b', 'a.median()', '!x', 'id::', '"open', 'a!b!c(d)', 'a b', "a'b", 'a;b'])(
  '%s is refused with its place',
  (text) => {
    expect(() => parseSelect(text)).toThrow(expect.objectContaining({ code: 'PGRST100', status: 400 }))
  },
)
