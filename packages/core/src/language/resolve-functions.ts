/** Checks `functions:` of a schema: what it says for all uses of a function, and who may call it. */
import * as v from 'valibot'
import type { FunctionDefinition } from '../contracts/function.ts'
import type { FunctionConfiguration } from '../contracts/hook.ts'
import { checkParameters } from './check-parameters.ts'
import type { Draft } from './draft.ts'
import type { FunctionCatalogue } from './function-catalogue.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'

const NO_SETTINGS = v.strictObject({})

/** By name; undefined where the document says nothing of functions. */
export function resolveFunctions(
  draft: Draft,
  catalogue: FunctionCatalogue,
): Readonly<Record<string, FunctionConfiguration>> | undefined {
  const { functions } = draft.document
  if (!functions) return undefined
  const found = Object.entries(functions).flatMap(([name, given]) => {
    const path = ['functions', name]
    const definition = catalogue.find(name, path, 'key')
    const configuration = definition && resolveOne(draft, definition, given, path)
    return configuration ? [[name, configuration] as const] : []
  })
  return found.length > 0 ? Object.fromEntries(found) : undefined
}

function resolveOne(
  draft: Draft,
  definition: FunctionDefinition,
  given: unknown,
  path: Path,
): FunctionConfiguration | null {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const message = `expected an object of what \`${definition.name}\` is told`
    draft.problems.report({ path, code: 'WRONG_TYPE', message })
    return null
  }
  const { roles, ...rest } = given as Readonly<Record<string, unknown>> // an object, as tested
  const named = roles === undefined ? undefined : resolveRoles(draft, definition, roles, [...path, 'roles'])
  const what = `the settings of \`${definition.name}\``
  const settings = checkParameters(rest, definition.settings ?? NO_SETTINGS, { path, what }, draft.problems)
  if (named === null || settings === undefined) return null
  return { ...(named && { roles: named }), settings }
}

function resolveRoles(
  { document, problems }: Draft,
  definition: FunctionDefinition,
  given: unknown,
  path: Path,
): readonly string[] | null {
  if (definition.callable !== true) {
    const message = `\`${definition.name}\` cannot be called, so nobody needs a role for it`
    problems.report({ path, at: 'key', code: 'NOT_APPLICABLE', message })
    return null
  }
  const result = v.safeParse(v.array(v.string()), given)
  if (!result.success) {
    problems.report({ path, code: 'WRONG_TYPE', message: 'expected a list of the roles that may call it' })
    return null
  }
  const known = Object.keys(document.roles ?? {})
  result.output.forEach((role, index) => {
    if (known.includes(role)) return
    const hint = (): string | undefined => didYouMean(role, known)
    problems.report({ path: [...path, index], code: 'UNKNOWN_ROLE', message: `there is no role \`${role}\``, hint })
  })
  return result.output
}
