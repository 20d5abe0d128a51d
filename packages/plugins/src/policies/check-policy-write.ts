/** Refuses a write of policies that would leave behind one that does not compile, before anything is written. */
import type { FieldProblem, Operation, OperationContext, PolicyFault, PolicyRow } from '@backsaas/core'
import { checkAmount } from './amounts.ts'
import { compilePolicy } from './compile-policy.ts'
import { didYouMean } from './did-you-mean.ts'
import { PLATFORM } from './platform-names.ts'
import { policyError } from './policy-errors.ts'
import { readPolicies } from './read-policies.ts'
import { type WrittenPolicy, writtenPolicies } from './written-policies.ts'

interface FoundFault extends PolicyFault {
  /** JSON pointer into the body. */
  readonly pointer: string
}

const FAULTS_MAX = 100

/**
 * Passes a create or update of `policies` of which every row, as it will be, compiles against the tenant's schemas of that
 * name.
 *
 * @throws `POLICY_INVALID` (422) with the place of every fault; `POLICIES_TOO_MANY` (422); `POLICY_WITHOUT_ID` (400) for an
 *   update that does not name the policies it changes.
 */
export async function checkPolicyWrite(operation: Operation, context: OperationContext): Promise<void> {
  const stored = await readPolicies(context)
  const written = writtenPolicies(operation, context.entity, stored)
  checkAmount(afterwards(written, stored))
  const faults = await findFaults(written, context)
  if (faults.length > 0) throw invalid(faults)
}

/** What the tenant will have. */
function afterwards(written: readonly WrittenPolicy[], stored: readonly PolicyRow[]): readonly PolicyRow[] {
  const ids = new Set(written.map(({ row }) => row.id))
  return [...stored.filter(({ id }) => !ids.has(id)), ...written.map(({ row }) => row)]
}

async function findFaults(
  written: readonly WrittenPolicy[],
  context: OperationContext,
): Promise<readonly FoundFault[]> {
  if (written.length === 0) return []
  const schemas = await context.schemas()
  const names = new Set(schemas.map(({ name }) => name))
  const found = written.filter(({ row }) => names.has(row.schema))
  const faults = schemas.flatMap((schema) => {
    const about = found.filter(({ row }) => row.schema === schema.name)
    return about.flatMap((policy) => compilePolicy(policy.row, schema).faults.map((fault) => locate(policy, fault)))
  })
  return [...written.flatMap((policy) => schemaFault(policy, names)), ...distinct(faults)]
}

function schemaFault(policy: WrittenPolicy, names: ReadonlySet<string>): readonly FoundFault[] {
  const { id, schema } = policy.row
  const place = `policies/${id}/schema`
  if (schema === PLATFORM) {
    const message = 'the rules of the platform itself are its own'
    return [locate(policy, { place, code: 'NOT_APPLICABLE', message })]
  }
  if (names.has(schema)) return []
  const hint = didYouMean(schema, names)
  const message = `the tenant has no schema \`${schema}\``
  return [locate(policy, { place, code: 'UNKNOWN_SCHEMA', message, ...(hint !== undefined && { hint }) })]
}

function locate({ row, at }: WrittenPolicy, fault: PolicyFault): FoundFault {
  return { ...fault, pointer: `${at}${fault.place.slice(`policies/${row.id}`.length)}` }
}

/** Where a tenant has several versions of a schema, a fault may stand in each. */
function distinct(faults: readonly FoundFault[]): readonly FoundFault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()]
}

function invalid(faults: readonly FoundFault[]): Error {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  const shown = faults.slice(0, FAULTS_MAX)
  return policyError('POLICY_INVALID', `the policy has ${count}`, {
    details: shown.map((fault) => `${fault.place} ${position(fault)}${fault.code} ${withHint(fault)}`).join('\n'),
    errors: shown.map(
      (fault): FieldProblem => ({
        pointer: fault.pointer,
        code: fault.code,
        detail: `${position(fault)}${withHint(fault)}`,
      }),
    ),
  })
}

function position({ line, column }: PolicyFault): string {
  return line === undefined || column === undefined ? '' : `${line}:${column} `
}

function withHint({ message, hint }: PolicyFault): string {
  return hint === undefined ? message : `${message} (${hint})`
}
