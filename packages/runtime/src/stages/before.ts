/** Hooks before a write: a plugin may change its input, which is validated afterwards. */
import type { Operation } from '@backsaas/core'
import type { DataRequest } from './data-request.ts'
import { runOperationStage } from './run-operation-stage.ts'

/**
 * The operation as the plugins leave it; a read passes untouched.
 *
 * @throws what a plugin's stage throws.
 */
export function before(operation: Operation, request: DataRequest): Operation | Promise<Operation> {
  const { plugins } = request
  return plugins.before.length === 0 || operation.action === 'read'
    ? operation
    : runOperationStage('before', plugins.before, operation, request)
}
