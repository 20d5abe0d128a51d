/** Reads `function_tests:` of a file of tests: cases of functions, each with its place. */
import type { FunctionDefinition } from '../contracts/function.ts'
import type { Place } from '../contracts/policy-test.ts'
import { caseFault, type FunctionCase } from '../functions/function-case.ts'
import { checkParameters } from './check-parameters.ts'
import { createCatalogue } from './function-catalogue.ts'
import { toPointer } from './path.ts'
import { SchemaProblems } from './problem.ts'
import { readYaml } from './read-yaml.ts'

export interface PlacedCase {
  readonly definition: FunctionDefinition
  readonly case: FunctionCase
  readonly place: Place
}

/**
 * @param functions those that cases may name.
 * @throws `SchemaProblems` (`TESTS_INVALID`, 422): unknown functions, wrong parameters, and what is no case, each placed.
 * @example readFunctionCases('function_tests: [{ use: transform.trim, input: " a", expect: a }]', SHIPPED)
 */
export function readFunctionCases(text: string, functions: readonly FunctionDefinition[]): readonly PlacedCase[] {
  const { tree, problems, locate } = readYaml(text)
  const given = (tree as { readonly function_tests?: unknown } | null)?.function_tests ?? [] // its shape is looked at here
  const catalogue = createCatalogue(functions, problems)
  const cases = (Array.isArray(given) ? given : []).flatMap((one: unknown, index): readonly PlacedCase[] => {
    const path = ['function_tests', index]
    const fault = caseFault(one)
    if (fault !== null) {
      problems.report({ path, code: 'WRONG_CASE', message: fault })
      return []
    }
    const found = one as FunctionCase // as it was found to be
    const definition = catalogue.find(found.use, [...path, 'use'], 'value')
    if (!definition) return []
    const what = `the parameters of \`${definition.name}\``
    checkParameters(found.with ?? {}, definition.params, { path: [...path, 'with'], what }, problems)
    return [{ definition, case: found, place: { pointer: toPointer(path), ...locate(path, 'value') } }]
  })
  if (!Array.isArray(given))
    problems.report({ path: ['function_tests'], code: 'WRONG_TYPE', message: 'expected a list of cases' })
  if (problems.all().length > 0) throw new SchemaProblems(problems.all(), 'tests')
  return cases
}
