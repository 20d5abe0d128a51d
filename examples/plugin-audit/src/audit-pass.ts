/** Lets an auditor in by a pass of their own, to read the audit trail and nothing else. Stands on `audit`. */
import {
  BackSaasError,
  definePlugin,
  type Identity,
  type Operation,
  type OperationContext,
  type Plugin,
} from '@backsaas/core'

export interface AuditPass {
  /** What the auditor sends in the header `x-audit-pass`; at least 32 characters. */
  readonly secret: string
  /** The tenant whose trail it opens: slug or id. */
  readonly tenant: string
  /** Who it is given to, for the logs. */
  readonly auditor: string
}

const ERRORS = {
  AUDIT_PASS_UNKNOWN: { status: 401, message: 'the audit pass is not known' },
  AUDIT_PASS_READS_ONLY: { status: 403, message: 'an audit pass reads the audit trail and nothing else' },
} as const

/**
 * The plugin.
 *
 * @throws `BackSaasError` `AUDIT_PASS_UNKNOWN` (401), `AUDIT_PASS_READS_ONLY` (403) at requests; a `RangeError` at once
 *   where a secret is short.
 * @example createRuntime({ database, plugins: [audit(), auditPass([{ secret, tenant: 'acme', auditor: 'kpmg' }])] })
 */
export function auditPass(passes: readonly AuditPass[]): Plugin {
  for (const { secret, auditor } of passes) {
    if (secret.length < 32) throw new RangeError(`the audit pass of ${auditor} is shorter than 32 characters`)
  }
  // Keyed by digest: how long a look-up takes tells nothing of a secret.
  const byDigest = Promise.all(passes.map(async (pass) => [await digest(pass.secret), pass] as const)).then(
    (entries) => new Map(entries),
  )
  return definePlugin({
    name: 'audit-pass',
    requires: ['audit'],
    errors: ERRORS,
    stages: {
      identify: async (request) => identify(request, await byDigest),
      authorize: narrow,
    },
  })
}

async function identify(request: Request, passes: ReadonlyMap<string, AuditPass>): Promise<Identity | null> {
  const secret = request.headers.get('x-audit-pass')
  if (secret === null) return null
  const pass = passes.get(await digest(secret))
  if (!pass) throw refusal('AUDIT_PASS_UNKNOWN')
  return { tenant: pass.tenant, id: `audit-pass:${pass.auditor}`, kind: 'service', roles: ['admin'] }
}

function narrow(operation: Operation, { principal, schema }: OperationContext): Operation {
  if (!principal.id.startsWith('audit-pass:')) return operation
  if (schema.name !== 'audit' || operation.action !== 'read') throw refusal('AUDIT_PASS_READS_ONLY')
  return operation
}

function refusal(code: keyof typeof ERRORS): BackSaasError {
  return new BackSaasError(code, ERRORS[code].status, ERRORS[code].message)
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
