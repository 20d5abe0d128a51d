/** Refuses options that are none: a mistyped one would do nothing in silence. */
import { nearestName } from '@backsaas/core'
import { runtimeError } from './errors/error-catalogue.ts'
import type { RuntimeOptions } from './runtime-options.ts'

const OPTIONS: Readonly<Record<keyof RuntimeOptions, true>> = {
  database: true,
  bus: true,
  schemas: true,
  identify: true,
  plugins: true,
  hostSuffix: true,
  limits: true,
  observe: true,
}

/** @throws `OPTIONS_INVALID` where a name is no option. */
export function checkOptions(options: RuntimeOptions): void {
  const names = Object.keys(OPTIONS)
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name))
  if (unknown === undefined) return
  const near = nearestName(unknown, names)
  throw runtimeError('OPTIONS_INVALID', `${unknown} is not an option of createRuntime`, {
    hint: `${near === null ? '' : `Did you mean ${near}? `}The options are ${names.join(', ')}.`,
  })
}
