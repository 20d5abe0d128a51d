/** Schemas given in code, to `createRuntime` or by a plugin: read, compiled, and found in the database. */
import { BackSaasError, type CompiledSchema, type Connection, type FunctionDefinition } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { findVersion } from './load-versions.ts'
import type { Profile } from './registry-rows.ts'

export interface CodeSchema {
  /** A compiled schema, YAML text, or (from `createRuntime` only) the path of a file. */
  readonly schema: string | CompiledSchema
  /** Who gave it, for error messages: `schemas[0]`, `plugin audit`. */
  readonly from: string
}

export interface CompiledCodeSchema {
  readonly compiled: CompiledSchema
  /** The file to migrate, or what to call it. */
  readonly source: string
}

/** The language is imported by a name that no bundler sees: an edge bundle holds no YAML parser. */
const LANGUAGE = ['@backsaas', 'core', 'language'].join('/')
const PATH = /^[^\n]+\.(?:ya?ml|json)$/

/**
 * Compiles what is not compiled yet; names must be unique.
 *
 * @throws `SCHEMA_CONFLICT` naming both givers; `SCHEMA_UNREADABLE` where there is no such file, or no file system;
 *   `SCHEMA_INVALID` (`SchemaProblems`) with the document's problems.
 */
export async function compileCodeSchemas(
  given: readonly CodeSchema[],
  functions: readonly FunctionDefinition[] = [],
): Promise<readonly CompiledCodeSchema[]> {
  const owners = new Map<string, string>([['platform', 'BackSaaS itself']])
  const compiled: CompiledCodeSchema[] = []
  for (const one of given) {
    const result = await compile(one, functions)
    const name = result.compiled.name
    const other = owners.get(name)
    if (other) throw runtimeError('SCHEMA_CONFLICT', `${one.from} and ${other} both give a schema named ${name}`)
    owners.set(name, one.from)
    compiled.push(result)
  }
  return compiled
}

/** Finds each one live in the database; as profiles, in order. */
export async function locateCodeSchemas(
  connection: Connection,
  schemas: readonly CompiledCodeSchema[],
): Promise<readonly Profile[]> {
  return Promise.all(schemas.map((one) => findVersion(connection, one.compiled, one.source)))
}

async function compile(
  { schema, from }: CodeSchema,
  functions: readonly FunctionDefinition[],
): Promise<CompiledCodeSchema> {
  if (typeof schema !== 'string') return { compiled: schema, source: `FILE (the schema of ${from})` }
  const isPath = PATH.test(schema)
  const text = isPath ? readFile(schema) : schema
  const { compileSchema } = await importLanguage(from)
  return { compiled: compileSchema(text, { functions }), source: isPath ? schema : `FILE (the schema of ${from})` }
}

function readFile(path: string): string {
  const fs = globalThis.process?.getBuiltinModule?.('node:fs')
  if (!fs)
    throw runtimeError('SCHEMA_UNREADABLE', `${path} cannot be read here: there is no file system`, {
      hint: 'Compile it at build time with compileSchema from @backsaas/core/language and give the result.',
    })
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    throw runtimeError('SCHEMA_UNREADABLE', `the schema file ${path} cannot be read (${reason})`, {
      hint: 'Paths are relative to the folder the process was started in.',
      cause: error,
    })
  }
}

async function importLanguage(from: string): Promise<typeof import('@backsaas/core/language')> {
  try {
    // What a name resolves to is not known to the compiler; it is the module of that name.
    return (await import(/* @vite-ignore */ LANGUAGE)) as typeof import('@backsaas/core/language')
  } catch (error) {
    if (error instanceof BackSaasError) throw error
    throw runtimeError('SCHEMA_UNREADABLE', `the schema of ${from} is text, and the language is not loadable here`, {
      hint: 'Compile it at build time with compileSchema from @backsaas/core/language and give the result.',
      cause: error,
    })
  }
}
