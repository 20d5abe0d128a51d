/**
 * Decides who may do what: the rules of a schema's `access:` and of the tenant's `policies` rows become one Casbin model
 * and, from it, a table that requests look up. Rows of `policies` that do not compile are refused when they are written.
 */
import {
  type CompiledSchema,
  type Decisions,
  definePlugin,
  type Operation,
  type OperationContext,
  type Plugin,
  type PolicyRow,
} from '@backsaas/core'
import { PLATFORM, POLICIES } from './platform-names.ts'
import { POLICY_ERRORS, policyError } from './policy-errors.ts'

/**
 * The plugin.
 *
 * @throws `BackSaasError` at requests: `POLICY_INVALID` (422), `POLICIES_TOO_MANY` (422) and `POLICY_WITHOUT_ID` (400) where
 *   policies are written; `POLICY_NOT_COMPILED` (503) where a decision is not stored and this is no Node process.
 * @example
 * const { decide } = policies().access
 * await migrate(database, './crm.yaml', { decide }) // stores what the rules come to
 * const backsaas = createRuntime({ database, schemas: ['./crm.yaml'], plugins: [policies()] })
 */
export function policies(): Plugin & { readonly access: { readonly decide: typeof decide } } {
  return definePlugin({
    name: 'policies',
    errors: POLICY_ERRORS,
    access: { decide },
    stages: { before },
  })
}

/** What is stored with the schema answers for a tenant without policies; everything else is compiled. */
async function decide(schema: CompiledSchema, given: readonly PolicyRow[] = []): Promise<Decisions> {
  // Nobody gives themselves rights on the registry.
  const own = schema.name === PLATFORM ? [] : given
  if (own.length === 0 && schema.decisions) return schema.decisions
  const { compileDecisions } = await import('#compile-decisions')
  return (compileDecisions ?? notHere)(schema, own)
}

/** Of what is written to `policies`, every row as it will be is compiled first; all else passes. */
async function before(operation: Operation, context: OperationContext): Promise<Operation> {
  if (context.schema.name !== PLATFORM || operation.entity !== POLICIES || !operation.input) return operation
  const { checkPolicyWrite } = await import('#check-policy-write')
  await (checkPolicyWrite ?? notHere)(operation, context)
  return operation
}

/** In workerd the modules above hold nothing: `compile-elsewhere.ts`. */
function notHere(): never {
  throw policyError('POLICY_NOT_COMPILED', 'policies are not compiled here', {
    hint: 'A Node process compiles them: write policies, and serve tenants that have some, through a runtime on Node.',
  })
}
