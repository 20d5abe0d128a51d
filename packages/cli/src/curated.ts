/** The functions that schemas may name: the shipped ones, and those of a developer's own module. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BackSaasError, type FunctionDefinition } from '@backsaas/core'
import type { FunctionsPlugin } from '@backsaas/plugins/functions'
import type { Command } from 'commander'

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
  const loaded: unknown = await import(pathToFileURL(resolve(module)).href).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw unreadable(module, `cannot be loaded: ${reason}`, cause)
  })
  const { functions } = loaded as { readonly functions?: unknown } // whatever the module exports
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
