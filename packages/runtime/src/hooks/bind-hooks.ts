/** The hooks of an entity with their functions found and their conditions made ready to run; once per version. */
import type { CompiledHook, FunctionDefinition } from '@backsaas/core'
import { type JsEnvironment, toJs, type Value } from '@backsaas/core/expression'
import { runtimeError } from '../errors/error-catalogue.ts'

export interface BoundHook {
  readonly hook: CompiledHook
  readonly definition: FunctionDefinition
  /** Null where it always runs. */
  readonly applies: ((environment: JsEnvironment) => Value) | null
}

export type BindHooks = (hooks: readonly CompiledHook[]) => readonly BoundHook[]

/**
 * @throws `FUNCTION_NOT_GIVEN` (503), from what it answers, where a schema names a function that this runtime has not.
 * @example createHookBinder(plugins.functions)(entity.hooks.before_create)
 */
export function createHookBinder(functions: ReadonlyMap<string, FunctionDefinition>): BindHooks {
  const bound = new WeakMap<readonly CompiledHook[], readonly BoundHook[]>()
  return (hooks) => {
    let found = bound.get(hooks)
    if (!found) {
      found = hooks.map((hook) => bind(hook, functions))
      bound.set(hooks, found)
    }
    return found
  }
}

function bind(hook: CompiledHook, functions: ReadonlyMap<string, FunctionDefinition>): BoundHook {
  return { hook, definition: givenFunction(hook.use, functions), applies: hook.when ? toJs(hook.when.tree) : null }
}

/** @throws `FUNCTION_NOT_GIVEN` (503). */
export function givenFunction(name: string, functions: ReadonlyMap<string, FunctionDefinition>): FunctionDefinition {
  const definition = functions.get(name)
  if (definition) return definition
  throw runtimeError('FUNCTION_NOT_GIVEN', `the schema uses the function ${name}, which this server does not have`, {
    hint: 'Give it to `createRuntime`: plugins: [functions([…])] of @backsaas/plugins/functions.',
  })
}
