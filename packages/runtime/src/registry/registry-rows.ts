/** Rows of the platform's schema, as the registry reads them: the one place that knows their fields. */
import type { JsonObject, PolicyRow } from '@backsaas/core'
import { invariant } from '@backsaas/core'

export interface Tenant {
  readonly id: string
  readonly slug: string
  readonly suspended: boolean
  readonly plan: string | null
}

/** One of a tenant's installs, by the name that `Accept-Profile` selects it by. */
export interface Profile {
  readonly name: string
  readonly placementId: string
  readonly version: number
}

export interface KeyRow {
  readonly id: string
  /** SHA-256 of the whole key, hex. */
  readonly hash: string
  readonly roles: readonly string[]
  /** What it was before it was rotated, good until then as well; null where it was not. */
  readonly previous: { readonly hash: string; readonly untilMs: number } | null
  /** Null where it allows all that its roles do. */
  readonly scopes: readonly string[] | null
  /** Milliseconds since the epoch; null for never. */
  readonly expiresAtMs: number | null
  readonly revoked: boolean
}

export const TENANT_FIELDS = 'id,slug,status,plan'
export const INSTALL_FIELDS = 'profile,placement_id,version,is_default'
export const POLICY_FIELDS = 'id,schema,role,entity,action,effect,where,check,fields,except'
export const KEY_FIELDS = 'id,hash,previous_hash,previous_until,roles,scopes,expires_at,revoked_at'

export function readTenant(row: JsonObject): Tenant {
  return {
    id: text(row, 'id'),
    slug: text(row, 'slug'),
    suspended: row.status !== 'live',
    plan: typeof row.plan === 'string' ? row.plan : null,
  }
}

/** The default profile first, the others by name. */
export function readProfiles(rows: readonly JsonObject[]): readonly Profile[] {
  const sorted = rows.toSorted((a, b) => Number(b.is_default === true) - Number(a.is_default === true))
  return sorted.map((row) => ({
    name: text(row, 'profile'),
    placementId: text(row, 'placement_id'),
    version: Number(row.version),
  }))
}

export function readKey(row: JsonObject): KeyRow {
  const roles = row.roles
  invariant(Array.isArray(roles), 'roles of a key are a list')
  const expires = row.expires_at
  const { previous_hash: hash, previous_until: until } = row
  return {
    id: text(row, 'id'),
    hash: text(row, 'hash'),
    previous: typeof hash === 'string' && typeof until === 'string' ? { hash, untilMs: Date.parse(until) } : null,
    roles: roles.map(String),
    scopes: names(row, 'scopes'),
    expiresAtMs: typeof expires === 'string' ? Date.parse(expires) : null,
    revoked: row.revoked_at !== null,
  }
}

export function readPolicy(row: JsonObject): PolicyRow {
  return {
    id: text(row, 'id'),
    schema: text(row, 'schema'),
    role: text(row, 'role'),
    entity: text(row, 'entity'),
    // Both are enums of the platform's schema.
    action: text(row, 'action') as PolicyRow['action'],
    effect: text(row, 'effect') as PolicyRow['effect'],
    where: optional(row, 'where'),
    check: optional(row, 'check'),
    fields: names(row, 'fields'),
    except: names(row, 'except'),
  }
}

function optional(row: JsonObject, field: string): string | null {
  return row[field] === null ? null : text(row, field)
}

function names(row: JsonObject, field: string): readonly string[] | null {
  const value = row[field]
  return Array.isArray(value) ? value.map(String) : null
}

function text(row: JsonObject, field: string): string {
  const value = row[field]
  invariant(typeof value === 'string', `${field} of a registry row is text`)
  return value
}
