/** Refuses options that are none: a mistyped one would do nothing in silence. */
import { nearestName } from '@backsaas/core'
import { runtimeError } from './errors/error-catalogue.ts'
import type { RuntimeOptions } from './runtime-options.ts'

const OPTIONS: Readonly<Record<keyof RuntimeOptions, true>> = {
  database: true,
  databases: true,
  bus: true,
  schemas: true,
  identify: true,
  plugins: true,
  hostSuffix: true,
  limits: true,
  beat: true,
  observe: true,
  sampleShare: true,
  outside: true,
}

/** @throws `OPTIONS_INVALID` where a name is no option, or a value cannot be. */
export function checkOptions(options: RuntimeOptions): void {
  checkNames(options)
  const { leaseMs, name } = options.beat || {}
  if (leaseMs !== undefined && !(leaseMs >= MIN_LEASE_MS && leaseMs <= MAX_LEASE_MS))
    throw runtimeError('OPTIONS_INVALID', `beat.leaseMs is from ${MIN_LEASE_MS} to ${MAX_LEASE_MS}, not ${leaseMs}`, {
      hint: 'It is how often the runtime beats, in milliseconds.',
    })
  if (name !== undefined && !(name.length >= 1 && name.length <= 200))
    throw runtimeError('OPTIONS_INVALID', 'beat.name has 1 to 200 characters', { hint: 'Leave it out for the host’s.' })
}

const MIN_LEASE_MS = 100
/** What is cached is covered for 10 s at most, which a beat has to come before. */
const MAX_LEASE_MS = 8_000

function checkNames(options: RuntimeOptions): void {
  const names = Object.keys(OPTIONS)
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name))
  if (unknown === undefined) return
  const near = nearestName(unknown, names)
  throw runtimeError('OPTIONS_INVALID', `${unknown} is not an option of createRuntime`, {
    hint: `${near === null ? '' : `Did you mean ${near}? `}The options are ${names.join(', ')}.`,
  })
}
