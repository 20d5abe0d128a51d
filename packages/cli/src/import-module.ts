/** A module of the developer's own, by its path. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** @param refuse makes the error of a module that cannot be loaded. */
export async function importModule(
  module: string,
  refuse: (what: string, cause: unknown) => Error,
): Promise<Readonly<Record<string, unknown>>> {
  return import(pathToFileURL(resolve(module)).href).catch((cause: unknown) => {
    throw refuse(`cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  })
}
