/** Schema text to compiled schema, stage by stage: read, shape, draft, resolve, check, relate, compile rules, assemble. */
import type { AccessRule } from '../contracts/access.ts'
import type { CompiledCheck, CompiledEntity, CompiledSchema } from '../contracts/compiled.ts'
import type { FunctionDefinition } from '../contracts/function.ts'
import type { CompiledHooks, FunctionConfiguration } from '../contracts/hook.ts'
import type { PolicyTest } from '../contracts/policy-test.ts'
import { invariant } from '../errors/invariant.ts'
import { checkEvolution } from './check-evolution.ts'
import { checkFields } from './check-fields.ts'
import { checkRoles } from './check-roles.ts'
import { checkSets } from './check-sets.ts'
import { checkShape } from './check-shape.ts'
import { contentHash } from './content-hash.ts'
import type { Draft, EntityDraft } from './draft.ts'
import { draftEntities } from './draft-entities.ts'
import { entityEvolution } from './evolution.ts'
import { createExpressions, type Expressions } from './expressions.ts'
import { collectForeignKeys } from './foreign-keys.ts'
import { createCatalogue, type FunctionCatalogue } from './function-catalogue.ts'
import { SchemaProblems } from './problem.ts'
import { readYaml } from './read-yaml.ts'
import { type Relations, relateEntities } from './relations.ts'
import { resolveAccess } from './resolve-access.ts'
import { resolveChecks, resolveExpressions } from './resolve-expressions.ts'
import { resolveFields } from './resolve-fields.ts'
import { resolveFunctions } from './resolve-functions.ts'
import { resolveHooks } from './resolve-hooks.ts'
import { resolveKeys } from './resolve-keys.ts'
import { resolveTests } from './resolve-tests.ts'
import { draftTestScope } from './test-scope.ts'

export interface CompileOptions {
  /** What the document may name in `hooks:` and `functions:`; none unless given. */
  readonly functions?: readonly FunctionDefinition[]
}

/**
 * Parses, validates, normalises and compiles a schema document, YAML or JSON.
 *
 * @returns frozen data, serialisable as JSON. Its records have no prototype, but lose that when they are stored and
 *   read again: look names up with `Object.hasOwn`. The document's tests are checked and not part of it.
 * @throws `SchemaProblems` (422) with every problem of the document, each placed.
 * @example compileSchema('schema: crm\nentities:\n  notes:\n    fields:\n      body: { type: text }\n').entities.notes
 */
export function compileSchema(text: string, options: CompileOptions = {}): CompiledSchema {
  return compileDocument(text, options).schema
}

/**
 * The tests that a schema document holds under `tests`, as plain data.
 *
 * @throws `SchemaProblems` (422), as `compileSchema` does.
 * @example schemaTests(text).flatMap((test) => test.expectations)
 */
export function schemaTests(text: string, options: CompileOptions = {}): readonly PolicyTest[] {
  return compileDocument(text, options).tests
}

interface CompiledDocument {
  readonly schema: CompiledSchema
  readonly tests: readonly PolicyTest[]
}

function compileDocument(text: string, { functions = [] }: CompileOptions): CompiledDocument {
  const { tree, problems, locate, locateIn } = readYaml(text)
  const shape = checkShape(tree, problems)
  if (!shape) throw new SchemaProblems(problems.all())
  const draft = draftEntities(shape.document, shape.unsound, problems)
  resolveKeys(draft)
  resolveFields(draft)
  checkRoles(draft)
  checkFields(draft)
  checkEvolution(draft)
  const relations = relateEntities(draft, collectForeignKeys(draft))
  const expressions = createExpressions(draft, relations, locateIn)
  resolveExpressions(draft, expressions)
  checkSets(draft)
  const catalogue = createCatalogue(functions, problems)
  const rules = resolveRules(draft, expressions, catalogue)
  const configured = resolveFunctions(draft, catalogue)
  const tests = resolveTests(draftTestScope(draft, locate), shape.document.tests ?? [], ['tests'])
  if (problems.all().length > 0) throw new SchemaProblems(problems.all())
  invariant(!expressions.failed(), 'an expression that comes to nothing has a problem')
  return { schema: assemble(draft, relations, rules, configured), tests }
}

interface Rules {
  readonly access: readonly AccessRule[] | undefined
  readonly checks: readonly CompiledCheck[]
  readonly hooks: CompiledHooks | undefined
}

function resolveRules(
  draft: Draft,
  expressions: Expressions,
  catalogue: FunctionCatalogue,
): ReadonlyMap<string, Rules> {
  const entities = [...draft.entities.values()]
  return new Map(
    entities.map((entity) => {
      const access = resolveAccess(draft, entity, expressions)
      const checks = resolveChecks(entity, expressions)
      return [entity.name, { access, checks, hooks: resolveHooks(draft, entity, expressions, catalogue) }]
    }),
  )
}

function assemble(
  { document, entities }: Draft,
  relations: Relations,
  rules: ReadonlyMap<string, Rules>,
  functions: Readonly<Record<string, FunctionConfiguration>> | undefined,
): CompiledSchema {
  const { schema: name, version, description } = document
  const content = {
    name,
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    ...(document.removed && { evolution: { removed: document.removed } }),
    roles: record(Object.entries(document.roles ?? {}).map(([role, { inherits = [] }]) => [role, { inherits }])),
    ...(functions && { functions }),
    entities: record([...entities.values()].map((entity) => [entity.name, assembleEntity(entity, relations, rules)])),
  }
  return deepFreeze({ ...content, hash: contentHash(content) })
}

function assembleEntity(entity: EntityDraft, relations: Relations, rules: ReadonlyMap<string, Rules>): CompiledEntity {
  const { access, checks = [], hooks } = rules.get(entity.name) ?? {}
  const { unique = [], indexes = [], events = [] } = entity.document
  const description = entity.document.description ?? entity.document.schema?.description
  const alone = [...entity.declared.values()].filter((field) => field.document.unique).map((field) => [field.name])
  return {
    name: entity.name,
    ...(description !== undefined && { description }),
    key: entity.key,
    fields: record([...entity.fields]),
    relations: relations.get(entity.name) ?? {},
    unique: [...alone, ...unique],
    indexes,
    events,
    ...(access && { access }),
    ...(checks.length > 0 && { checks }),
    ...(hooks && { hooks }),
    ...entityEvolution(entity.document),
  }
}

/** Without prototype, so that no name finds what nobody declared. */
function record<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
