/** The schema language: YAML or JSON text in, a compiled schema out, or every problem at once. */
export type { CompileOptions } from './compile-schema.ts'
export { compileSchema, schemaTests } from './compile-schema.ts'
export { extentOf } from './expression-extent.ts'
export type { Problem } from './problem.ts'
export { SchemaProblems } from './problem.ts'
export { readTests } from './read-tests.ts'
export { schemaJsonSchema, testsJsonSchema } from './schema-json-schema.ts'
