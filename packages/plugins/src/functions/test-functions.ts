/** `functions.test`: runs cases of pure functions, given or kept by the tenant in `function_tests`. */
import {
  type CaseResult,
  caseFault,
  defineFunction,
  type FunctionCase,
  type FunctionDefinition,
  type Json,
  runCase,
} from '@backsaas/core'
import * as v from 'valibot'

const CASES_MAX = 500

/** @param all what cases may name. */
export function testFunctions(all: readonly FunctionDefinition[]): FunctionDefinition {
  const byName = new Map(all.map((definition) => [definition.name, definition]))

  async function run(given: Json, name: string | undefined): Promise<CaseResult> {
    const fault = caseFault(given)
    const one = given as unknown as FunctionCase // what is none is told and not run
    const definition = fault === null ? byName.get(one.use) : undefined
    if (definition) return runCase(definition, name === undefined ? one : { ...one, name })
    const use = fault === null ? one.use : ''
    return { name: name ?? use, use, passed: false, reason: fault ?? `there is no function ${use.slice(0, 100)}` }
  }

  return defineFunction({
    name: 'functions.test',
    kind: 'compute',
    needs: 'reads',
    callable: true,
    description: 'Runs cases of pure functions: those given, else those that the tenant keeps in `function_tests`.',
    params: v.strictObject({
      cases: v.optional(
        v.pipe(
          v.array(v.record(v.string(), v.any())),
          v.maxLength(CASES_MAX),
          v.description('`{ use, with, input, expect }` each.'),
        ),
      ),
      name: v.optional(v.pipe(v.string(), v.description('Of those that are kept, the one of this name.'))),
    }),
    async run(context, _input, { cases, name }) {
      const kept = cases ? [] : await context.registry.find('function_tests', question(name))
      const results: CaseResult[] = []
      for (const one of cases ?? []) results.push(await run(one as Json, undefined))
      for (const row of kept) results.push(await run(row.case ?? null, String(row.name)))
      const failed = results.filter(({ passed }) => !passed).length
      return { passed: results.length - failed, failed, results: results as unknown as Json } // plain data
    },
  })
}

function question(name: string | undefined): {
  where?: { name: string }
  select: string[]
  order: string
  limit: number
} {
  return { select: ['name', 'case'], order: 'name', limit: CASES_MAX, ...(name !== undefined && { where: { name } }) }
}
