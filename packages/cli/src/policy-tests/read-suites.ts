/** Reads and checks every file first: what is wrong in any of them is told at once, and nothing is run. */
import { BackSaasError, type FieldProblem, type FunctionDefinition } from '@backsaas/core'
import {
  compileSchema,
  type Problem,
  readFunctionCases,
  readTests,
  SchemaProblems,
  schemaTests,
} from '@backsaas/core/language'
import { readText } from '../read-text.ts'
import type { TestFiles } from './find-files.ts'
import type { SchemaFile, Suite } from './suite.ts'

/**
 * @throws `TESTS_INVALID` (422) with every problem of every file, each placed; `NO_TESTS` (400) where there is nothing to run;
 *   `FILE_UNREADABLE` (400).
 */
export function readSuites(files: TestFiles, functions: readonly FunctionDefinition[] = []): readonly Suite[] {
  const problems: PlacedProblem[] = []
  const schemas = new Map<string, SchemaFile | null>()
  for (const file of new Set([...files.schemas, ...files.tests.map(({ schema }) => schema)]))
    schemas.set(
      file,
      collect(file, problems, () => readSchema(file, functions)),
    )
  const own = files.schemas.flatMap((file) => ownSuite(schemas.get(file) ?? null, functions))
  const beside = files.tests.flatMap(({ file, schema }) => {
    const read = schemas.get(schema)
    const text = readText(file)
    // Tests of a schema that has problems itself would have them too.
    return read
      ? (collect(file, problems, () => [
          { file, schema: read, tests: readTests(text, read.compiled), cases: readFunctionCases(text, functions) },
        ]) ?? [])
      : []
  })
  if (problems.length > 0) throw invalid(problems)
  const suites = [...own, ...beside].filter(({ tests, cases = [] }) => tests.length + cases.length > 0)
  if (suites.length > 0) return suites
  throw new BackSaasError('NO_TESTS', 400, `there are no tests in ${[...schemas.keys()].join(', ')}`, {
    hint: 'write `tests:` into the schema, or a file *.test.yaml',
  })
}

interface PlacedProblem extends Problem {
  readonly file: string
}

function readSchema(file: string, functions: readonly FunctionDefinition[]): SchemaFile {
  const text = readText(file)
  return { file, text, functions, compiled: compileSchema(text, { functions }) }
}

function ownSuite(schema: SchemaFile | null, functions: readonly FunctionDefinition[]): readonly Suite[] {
  return schema ? [{ file: schema.file, schema, tests: schemaTests(schema.text, { functions }) }] : []
}

function collect<T>(file: string, problems: PlacedProblem[], read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SchemaProblems)) throw error
    problems.push(...error.problems.map((problem) => ({ ...problem, file })))
    return null
  }
}

function invalid(problems: readonly PlacedProblem[]): BackSaasError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new BackSaasError('TESTS_INVALID', 422, `the files have ${count}`, {
    details: problems.map(describe).join('\n'),
    errors: problems.map(
      ({ file, pointer, code, message, hint }): FieldProblem => ({
        pointer: `${file}#${pointer}`,
        code,
        detail: hint === undefined ? message : `${message} (${hint})`,
      }),
    ),
  })
}

function describe({ file, line, column, code, message, pointer, hint }: PlacedProblem): string {
  const place = `${file}:${line}:${column}  ${code}  ${message}  (${pointer === '' ? '/' : pointer})`
  return hint === undefined ? place : `${place}\n      ${hint}`
}
