/** Passes an operation through the plugins of one stage, the value of one into the next. */
import { invariant, type Operation, type OperationContext } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { requestContext } from '../http/call.ts'
import type { Given } from '../plugins/load-plugins.ts'
import { runPlugin } from '../plugins/run-plugin.ts'
import type { DataRequest } from './data-request.ts'

type OperationStage = (operation: Operation, context: OperationContext) => Operation | Promise<Operation>

/**
 * @throws `PLUGIN_INVALID` (500) where a plugin answers no operation, or one on another entity or of another action;
 *   what a plugin throws.
 */
export async function runOperationStage(
  stage: 'authorize' | 'before',
  given: readonly Given<OperationStage>[],
  operation: Operation,
  request: DataRequest,
): Promise<Operation> {
  const context = operationContext(operation, request)
  let current = operation
  for (const { plugin, run } of given) {
    const passed = current
    current = await runPlugin(plugin, request, () => run(passed, context))
    // The statement is planned for the entity and action that were authorized.
    if (current?.entity !== operation.entity || current.action !== operation.action)
      throw runtimeError('PLUGIN_INVALID', `the ${stage} stage of plugin ${plugin} answered another operation`, {
        hint: 'It must answer the operation it was given, changed or not.',
      })
  }
  return current
}

function operationContext({ entity }: Operation, request: DataRequest): OperationContext {
  const schema = request.schema.compiled
  const compiled = schema.entities[entity]
  invariant(compiled, `the operation's entity ${entity} is of the schema`)
  return {
    ...requestContext(request, request.plugins.for),
    principal: request.principal,
    schema,
    entity: compiled,
    schemas: () => request.schemas(),
  }
}
