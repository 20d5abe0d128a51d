/** Calls a function of a plugin, and holds what it throws against what its plugins have declared. */
import { BackSaasError, type Observe } from '@backsaas/core'
import { RUNTIME_ERRORS } from '../errors/error-catalogue.ts'
import type { LoadedPlugins } from './load-plugins.ts'

export interface PluginCall {
  readonly plugins: LoadedPlugins
  readonly observe: Observe | null
  readonly requestId: string
}

/**
 * What `run` answers. A declared code answers with the status that its catalogue says, whatever it was thrown with; one
 * that nobody declares is thrown on as it is, and told to `observe` as `PLUGIN_ERROR_UNDECLARED`.
 *
 * @example const answer = await runPlugin('audit', call, () => route.handle(context))
 */
export async function runPlugin<T>(plugin: string, call: PluginCall, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof BackSaasError)) throw error
    const { errors } = call.plugins
    const declared = Object.hasOwn(errors, error.code) ? errors[error.code] : undefined
    if (declared && declared.status !== error.status) throw withStatus(error, declared.status)
    if (!declared && !Object.hasOwn(RUNTIME_ERRORS, error.code)) report(plugin, error, call)
    throw error
  }
}

function withStatus(error: BackSaasError, status: number): BackSaasError {
  const { code, message, details, hint, errors, headers } = error
  return new BackSaasError(code, status, message, { details, hint, errors, headers, cause: error })
}

function report(plugin: string, cause: BackSaasError, { observe, requestId }: PluginCall): void {
  const error = new Error(`plugin ${plugin} threw ${cause.code}, which no plugin declares in its \`errors\``, { cause })
  observe?.({ kind: 'error', requestId, code: 'PLUGIN_ERROR_UNDECLARED', error })
}
