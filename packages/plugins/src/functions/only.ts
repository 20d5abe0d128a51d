/** The plugin of functions with none but those given, so that a bundle holds no others. */
import { definePlugin, FUNCTION_MEANS, type FunctionDefinition, type Plugin } from '@backsaas/core'

/**
 * @example
 * import { slug } from '@backsaas/plugins/functions/transform/slug'
 * createRuntime({ database, plugins: [onlyFunctions([slug])] })
 */
export function onlyFunctions(
  given: readonly FunctionDefinition[],
): Plugin & { readonly functions: readonly FunctionDefinition[] } {
  return definePlugin({ name: 'functions', functions: [...given], means: FUNCTION_MEANS })
}
