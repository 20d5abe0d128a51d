/** How much may be asked by address, tenant, key and user; told in `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers). */
import type { AdmitContext, ArriveContext, NamedTenant } from '@backsaas/core'
import { gatewayError } from './gateway-errors.ts'
import { type Limit, type LimitStore, memoryLimits, type Taken } from './limit-store.ts'

/** What is counted together. `principal` is users and services; keys are counted as `key`. */
export interface PlanLimits {
  readonly tenant?: Limit
  readonly key?: Limit
  readonly principal?: Limit
}

export interface RateLimitOptions extends PlanLimits {
  /** Of one address (IPv6: a /64), before anything is known of who asks. */
  readonly ip?: Limit
  /** By `plan` of the tenant; what a plan does not say is as above. */
  readonly plans?: Readonly<Record<string, PlanLimits>>
  /** Where it is counted. Default: in this process. */
  readonly store?: LimitStore
  /** Told where the store fails; it is counted in this process then. */
  readonly onStoreFailure?: (error: unknown) => void
}

export interface RateLimits {
  /** @throws `RATE_LIMITED` (429). */
  arrive(context: ArriveContext, client: string | null): Promise<void> | null
  /** @throws `RATE_LIMITED` (429). */
  admit(context: AdmitContext): Promise<void> | null
}

interface Bucket {
  readonly name: string
  readonly key: string
  readonly limit: Limit
}

/** @throws `GATEWAY_OPTIONS_INVALID`. */
export function createRateLimits(options: RateLimitOptions): RateLimits {
  const { ip, plans = {}, store = memoryLimits(), onStoreFailure } = options
  for (const limit of [options, ...Object.values(plans)].flatMap(({ tenant, key, principal }) => [
    tenant,
    key,
    principal,
  ]))
    checkLimit(limit)
  checkLimit(ip)
  const atHand = memoryLimits()

  function take(bucket: Bucket, points: number, nowMs: number): Taken | Promise<Taken> {
    const failed = (error: unknown): Taken | Promise<Taken> => {
      onStoreFailure?.(error)
      return atHand.take(bucket.key, points, bucket.limit, nowMs)
    }
    try {
      const taken = store.take(bucket.key, points, bucket.limit, nowMs)
      return taken instanceof Promise ? taken.catch(failed) : taken
    } catch (error) {
      return failed(error)
    }
  }

  /** At once where the store answers at once. */
  function count(buckets: readonly Bucket[], points: number, context: ArriveContext): Promise<void> | null {
    const nowMs = context.scope.now()
    const all = buckets.map((bucket) => take(bucket, points, nowMs))
    if (isThere(all)) {
      judge(buckets, all, context)
      return null
    }
    return Promise.all(all).then((taken) => judge(buckets, taken, context))
  }

  function judge(buckets: readonly Bucket[], all: readonly Taken[], context: ArriveContext): void {
    let policies = ''
    let states = ''
    let refused: string[] | null = null
    let resetMs = 0
    for (const [i, bucket] of buckets.entries()) {
      const taken = all[i] as Taken // one for each
      policies += `${i > 0 ? ', ' : ''}${policyOf(bucket)}`
      states += `${i > 0 ? ', ' : ''}${stateOf(bucket, taken)}`
      if (taken.isAllowed) continue
      refused ??= []
      refused.push(bucket.name)
      resetMs = Math.max(resetMs, taken.resetMs)
    }
    context.setHeader('ratelimit-policy', policies)
    context.setHeader('ratelimit', states)
    if (!refused) return
    throw gatewayError('RATE_LIMITED', `more was asked than is allowed: ${refused.join(', ')}`, {
      hint: 'Wait as long as Retry-After says.',
      headers: { 'retry-after': String(Math.max(1, Math.ceil(resetMs / 1000))) },
    })
  }

  return {
    arrive: (context, client) =>
      ip && client !== null ? count([{ name: 'ip', key: `ip:${client}`, limit: ip }], 1, context) : null,
    admit(context) {
      const buckets = bucketsOf(context, limitsOf(context.admitted, options, plans))
      return buckets.length === 0 ? null : count(buckets, context.operations, context)
    },
  }
}

function isThere(all: readonly (Taken | Promise<Taken>)[]): all is readonly Taken[] {
  return !all.some((taken) => taken instanceof Promise)
}

function limitsOf({ plan }: NamedTenant, usual: PlanLimits, plans: Readonly<Record<string, PlanLimits>>): PlanLimits {
  const own = plan !== null && Object.hasOwn(plans, plan) ? plans[plan] : undefined
  return own ? { ...usual, ...own } : usual
}

/** An anonymous caller is counted with the tenant, and by address. */
function bucketsOf({ admitted: { id: tenant }, principal }: AdmitContext, limits: PlanLimits): readonly Bucket[] {
  const kind = principal.kind === 'key' ? 'key' : 'principal'
  const own = principal.kind === 'anonymous' ? undefined : limits[kind]
  return [
    ...(limits.tenant ? [{ name: 'tenant', key: `tenant:${tenant}`, limit: limits.tenant }] : []),
    ...(own ? [{ name: kind, key: `${kind}:${tenant}:${encodeURIComponent(principal.id)}`, limit: own }] : []),
  ]
}

function policyOf({ name, limit }: Bucket): string {
  return `"${name}";q=${limit.points};w=${limit.seconds}`
}

function stateOf({ name }: Bucket, { remaining, resetMs }: Taken): string {
  return `"${name}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`
}

function checkLimit(limit: Limit | undefined): void {
  if (limit === undefined || (isWhole(limit.points) && isWhole(limit.seconds))) return
  throw gatewayError('GATEWAY_OPTIONS_INVALID', 'a limit is whole numbers of points and seconds, above none')
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0
}
