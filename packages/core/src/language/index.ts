/** The schema language: YAML or JSON text in, a compiled schema out, or every problem at once. */
export { compileSchema } from './compile-schema.ts'
export type { Problem } from './problem.ts'
export { SchemaProblems } from './problem.ts'
export { schemaJsonSchema } from './schema-json-schema.ts'
