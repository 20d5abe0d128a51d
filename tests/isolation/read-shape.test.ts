/** The judge of shapes, judged. */
import { expect, test } from 'vitest'
import { shapeProblem } from './read-shape.ts'

const ENTER = 'backsaas.enter($1::uuid, $2::uuid, $3::int) as x(tenant)'

test.each([
  `select (select 1) as body from ${ENTER}`,
  `select (select 1), (select count(*) from t where "a(b" = ')') as total from ${ENTER}`,
  `select (select (select max(a) from b limit 1) from c group by d) as body from ${ENTER}`,
])('right: %s', (text) => {
  expect(shapeProblem(text)).toBe(null)
})

test.each([
  'select 1',
  `select * from ${ENTER}`,
  `select (select 1) as body from ${ENTER} limit 1`,
  `select (select 1) as body from ${ENTER} where true`,
  `select (select 1) as body from ${ENTER}, lateral (select 1) y`,
  `select (select 1) as body from ${ENTER} join t on true`,
  `select (select 1) + (select 2) as body from ${ENTER}`,
  `select t.a, (select 1) as body from ${ENTER}`,
  `select (x.tenant) as body from ${ENTER}`,
  `with y as (select 1) select (select 1) as body from ${ENTER}`,
  `select (select 1) as body from ${ENTER} union select (select 2) as body from ${ENTER}`,
  `select (select 1) as body from t, ${ENTER}`,
  `select (select 1 as body from ${ENTER}`,
  `select (select 1)) as body from ${ENTER}`,
])('wrong: %s', (text) => {
  expect(shapeProblem(text)).not.toBe(null)
})
