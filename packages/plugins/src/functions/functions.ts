/**
 * Curated functions that a schema's `hooks:` and `functions:` name, and that clients may call where they are callable: those
 * shipped here, and a developer's own beside them.
 */
import { definePlugin, FUNCTION_MEANS, type FunctionDefinition, type Plugin } from '@backsaas/core'
import { SHIPPED } from './shipped.ts'
import { testFunctions } from './test-functions.ts'

/** What a plugin of functions is: its list is what schemas are compiled with. */
export type FunctionsPlugin = Plugin & { readonly functions: readonly FunctionDefinition[] }

/**
 * All shipped functions, and `own` ones. For an edge bundle that is to hold no more than it uses, see `onlyFunctions`.
 *
 * @example
 * const curated = functions([vatNumber])
 * await migrate(database, './crm.yaml', { functions: curated.functions })
 * createRuntime({ database, plugins: [policies(), curated] })
 */
export function functions(own: readonly FunctionDefinition[] = []): FunctionsPlugin {
  const all = [...SHIPPED, ...own]
  return definePlugin({ name: 'functions', functions: [...all, testFunctions(all)], means: FUNCTION_MEANS })
}
