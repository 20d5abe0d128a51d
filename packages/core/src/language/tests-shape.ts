/** The shape of policy tests, in a schema and in a file of their own. What they name is checked by `resolve-tests.ts`. */
import * as v from 'valibot'
import { closed, either, name, names, oneOf, recordOf, text } from './shape-parts.ts'
import { KINDS, type TestDocument, type TestFileDocument } from './tests-document.ts'

const row = recordOf(v.unknown(), 'an object of fields and their values')

const caller = closed('caller', {
  role: v.exactOptional(name),
  roles: v.exactOptional(names),
  id: v.exactOptional(v.string('a text; put quotes around a number')),
  email: v.exactOptional(text),
  kind: v.exactOptional(oneOf(KINDS)),
})

const attempt = closed('attempt', {
  read: v.exactOptional(name),
  create: v.exactOptional(name),
  update: v.exactOptional(name),
  delete: v.exactOptional(name),
  row: v.exactOptional(either([name, row], 'a row, or the label of a fixture')),
  input: v.exactOptional(row),
  fields: v.exactOptional(names),
})
const attempts = v.exactOptional(
  either([attempt, v.array(attempt, 'a list of attempts')], 'an object such as `{ read: entity }`, or a list of them'),
)

const rows = either(
  [v.array(row, 'a list of rows'), recordOf(row, 'an object of labels and rows')],
  'a list of rows, or an object of labels and rows',
)
const callers = v.array(name, 'a list of principals')
const byRow = v.exactOptional(
  either(
    [callers, recordOf(callers, 'an object of labels and principals')],
    'a list of principals, or an object of labels and such lists',
  ),
)

const test = closed('test', {
  name: v.exactOptional(text),
  fixtures: v.exactOptional(recordOf(rows, 'an object of entities and their rows')),
  as: v.exactOptional(caller),
  can: attempts,
  can_not: attempts,
  principals: v.exactOptional(recordOf(caller, 'an object of principals')),
  inputs: v.exactOptional(
    recordOf(
      closed('set of inputs', { create: v.exactOptional(row), update: v.exactOptional(row) }),
      'an object of entities and what is given to them',
    ),
  ),
  matrix: v.exactOptional(
    recordOf(
      closed('matrix entry', { read: byRow, create: v.exactOptional(callers), update: byRow, delete: byRow }),
      'an object of entities',
    ),
  ),
})

export const testsShape: v.GenericSchema<unknown, TestDocument[]> = v.array(test, 'a list of tests')

export const testFileShape: v.GenericSchema<unknown, TestFileDocument> = closed('test file', {
  schema: v.exactOptional(name),
  description: v.exactOptional(text),
  tests: v.exactOptional(testsShape),
  // Read by `read-function-cases.ts`.
  function_tests: v.exactOptional(v.unknown()),
})
