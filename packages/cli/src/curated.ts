/** The functions that schemas may name: the shipped ones, and those of a developer's own module. */
import { BackSaasError, type FunctionDefinition } from '@backsaas/core'
import type { FunctionsPlugin } from '@backsaas/plugins/functions'
import type { Command } from 'commander'
import { importModule } from './import-module.ts'

export interface CuratedOptions {
  readonly functions?: string
}

/** Adds `--functions` to a command. */
export function withFunctions(command: Command): Command {
  return command.option(
    '--functions <module>',
    'a module that exports `functions`: a list of your own, beside the shipped',
  )
}

/**
 * @param module the path of a module whose export `functions` is a list of what `defineFunction` makes.
 * @throws `FUNCTIONS_UNREADABLE` (400).
 * @example const { functions } = await curated('./functions.ts')
 */
export async function curated({ functions: module }: CuratedOptions = {}): Promise<FunctionsPlugin> {
  const { functions } = await import('@backsaas/plugins/functions')
  return functions(module === undefined ? [] : await importFunctions(module))
}

async function importFunctions(module: string): Promise<readonly FunctionDefinition[]> {
  const { functions } = await importModule(module, (what, cause) => unreadable(module, what, cause))
  if (!Array.isArray(functions)) throw unreadable(module, 'exports no list `functions`')
  const wrong = functions.findIndex((one) => typeof one?.run !== 'function' || typeof one.name !== 'string')
  if (wrong >= 0) throw unreadable(module, `has no function at functions[${wrong}]`)
  return functions as readonly FunctionDefinition[] // each was looked at above
}

function unreadable(module: string, what: string, cause?: unknown): BackSaasError {
  return new BackSaasError('FUNCTIONS_UNREADABLE', 400, `${module} ${what}`, {
    hint: 'export const functions = [defineFunction({ … })]',
    cause,
  })
}
