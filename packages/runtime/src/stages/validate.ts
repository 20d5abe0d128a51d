/** The rows of a write against the fields' declared meaning, every problem at once. */
import { BackSaasError, type CompiledEntity, type FieldProblem, type Input, type Operation } from '@backsaas/core'
import { checkValue } from '../validation/check-value.ts'

const MAX_PROBLEMS = 100

/**
 * @throws `22P02` (400) where a value has another JSON type than its field; `23502` (400) where a required one is
 *   missing; `23514` (400) where one is out of its bounds. `errors` lists all, by JSON pointer.
 */
export function validate(operation: Operation, entity: CompiledEntity): void {
  const { input, action } = operation
  if (!input) return
  const single = input.rows.length === 1
  const problems: FieldProblem[] = []
  for (let i = 0; i < input.rows.length && problems.length < MAX_PROBLEMS; i++) {
    const row = input.rows[i]
    if (row) checkRow(row, entity, input, action === 'create', single ? '' : `/${i}`, problems)
  }
  if (problems.length > 0) throw invalid(entity, problems)
}

function checkRow(
  row: Readonly<Record<string, unknown>>,
  entity: CompiledEntity,
  input: Input,
  create: boolean,
  at: string,
  problems: FieldProblem[],
): void {
  for (const name of input.columns) {
    const field = entity.fields[name]
    if (!field) continue
    const absent = !Object.hasOwn(row, name)
    if (absent && input.missing === 'default' && field.default) continue
    const problem = checkValue(field, absent ? null : row[name])
    if (problem) problems.push({ pointer: `${at}/${name}`, ...problem })
  }
  if (!create) return
  for (const field of Object.values(entity.fields))
    if (field.required && !field.default && !input.columns.includes(field.name))
      problems.push({ pointer: `${at}/${field.name}`, code: 'required', detail: 'is required' })
}

/** The code of the most basic problem speaks for all: a type before an absence before a bound. */
function invalid(entity: CompiledEntity, problems: readonly FieldProblem[]): BackSaasError {
  const named = (code: string) => problems.find((problem) => problem.code === code)
  const type = named('type')
  const required = named('required')
  const first = type ?? required ?? problems[0]
  const code = type ? '22P02' : required ? '23502' : '23514'
  return new BackSaasError(
    code,
    400,
    `${entity.name}${first?.pointer.replace(/^\/\d+(?=\/)/, '').replaceAll('/', '.')} ${first?.detail}`,
    {
      details: problems.length > 1 ? `and ${problems.length - 1} more: see errors` : null,
      errors: problems,
    },
  )
}
