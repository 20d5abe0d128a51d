/** The rows of a write against the fields' declared meaning, every problem at once. */
import {
  BackSaasError,
  type CompiledEntity,
  type CompiledField,
  type FieldProblem,
  type Input,
  type Operation,
} from '@backsaas/core'
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
  const fields = fieldsOf(entity, input, action === 'create')
  for (let i = 0; i < input.rows.length && problems.length < MAX_PROBLEMS; i++) {
    const row = input.rows[i]
    if (row) checkRow(row, fields, input, single ? '' : `/${i}`, problems)
  }
  if (problems.length > 0) throw invalid(entity, problems)
}

interface WrittenFields {
  readonly given: readonly CompiledField[]
  /** Required ones that no row of a create has. */
  readonly lacking: readonly CompiledField[]
}

/** The same for all rows. */
function fieldsOf({ fields }: CompiledEntity, { columns }: Input, isCreate: boolean): WrittenFields {
  const given = columns.flatMap((name) => fields[name] ?? [])
  const all = isCreate ? Object.values(fields) : []
  return { given, lacking: all.filter((field) => field.required && !field.default && !columns.includes(field.name)) }
}

function checkRow(
  row: Readonly<Record<string, unknown>>,
  { given, lacking }: WrittenFields,
  input: Input,
  at: string,
  problems: FieldProblem[],
): void {
  for (const field of given) {
    const { name } = field
    const absent = !Object.hasOwn(row, name)
    if (absent && input.missing === 'default' && field.default) continue
    const problem = checkValue(field, absent ? null : row[name])
    if (problem) problems.push({ pointer: `${at}/${name}`, ...problem })
  }
  for (const { name } of lacking) problems.push({ pointer: `${at}/${name}`, code: 'required', detail: 'is required' })
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
