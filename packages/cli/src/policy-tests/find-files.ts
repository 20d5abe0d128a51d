/** Which files a call of `backsaas test` is about: schemas, and files of tests each with its schema. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BackSaasError } from '@backsaas/core'

export interface TestFiles {
  /** Schemas whose own tests are to be run. */
  readonly schemas: readonly string[]
  readonly tests: readonly { readonly file: string; readonly schema: string }[]
}

const TESTS = /\.test\.(?:ya?ml|json)$/
const ENDINGS = ['.yaml', '.yml', '.json']

/**
 * @param files schemas and files of tests; none: those of `schema`, or of the folder.
 * @param schema what tests are for that stand in files of their own.
 * @throws `NO_SCHEMA` (400) where it cannot be told which schema is meant.
 * @example findTestFiles(['crm.test.yaml'], undefined) // { schemas: [], tests: [{ file: 'crm.test.yaml', schema: 'crm.yaml' }] }
 */
export function findTestFiles(files: readonly string[], schema: string | undefined): TestFiles {
  if (files.length === 0) return filesBeside(schema ?? schemaIn('.') ?? noSchema())
  const schemas = files.filter((file) => !TESTS.test(file))
  const tests = files.filter((file) => TESTS.test(file))
  const only = schema ?? (schemas.length === 1 ? schemas[0] : undefined)
  return { schemas, tests: tests.map((file) => ({ file, schema: only ?? schemaOf(file) })) }
}

/** A schema and the tests in its folder. */
function filesBeside(schema: string): TestFiles {
  const folder = dirname(schema)
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => TESTS.test(name)) : []
  const tests = found.sort().map((name) => (folder === '.' ? name : join(folder, name)))
  return { schemas: [schema], tests: tests.map((file) => ({ file, schema })) }
}

/** `crm.test.yaml` is for `crm.yaml`, else for the `schema.yaml` beside it. */
function schemaOf(file: string): string {
  const own = ENDINGS.map((ending) => file.replace(TESTS, ending)).find((path) => existsSync(path))
  const found = own ?? schemaIn(dirname(file))
  if (found !== undefined) return found
  throw new BackSaasError('NO_SCHEMA', 400, `it is not known which schema ${file} is for`, {
    hint: `give it: --schema FILE`,
  })
}

function schemaIn(folder: string): string | undefined {
  const paths = ENDINGS.map((ending) => (folder === '.' ? `schema${ending}` : join(folder, `schema${ending}`)))
  return paths.find((path) => existsSync(path))
}

function noSchema(): never {
  throw new BackSaasError('NO_SCHEMA', 400, 'there is no schema.yaml here', {
    hint: 'name a schema or a file of tests: backsaas test crm.yaml',
  })
}
