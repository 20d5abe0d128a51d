/** Stands in for what compiles in workerd, whose bundles hold neither Casbin nor the parser of expressions. */
import { policyError } from './policy-errors.ts'

type CompileDecisions = typeof import('./compile-decisions.ts').compileDecisions
type CheckPolicyWrite = typeof import('./check-policy-write.ts').checkPolicyWrite

/** @throws `POLICY_NOT_COMPILED` (503), always. */
export const compileDecisions: CompileDecisions = async () => refuse()

/** @throws `POLICY_NOT_COMPILED` (503), always. */
export const checkPolicyWrite: CheckPolicyWrite = async () => refuse()

function refuse(): never {
  throw policyError('POLICY_NOT_COMPILED', 'policies are not compiled here', {
    hint: 'A Node process compiles them: write policies, and serve tenants that have some, through a runtime on Node.',
  })
}
