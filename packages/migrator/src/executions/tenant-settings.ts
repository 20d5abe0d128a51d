/** What tenants say of functions, as the worker has it: the rows of `function_settings`. */
import type { Connection, Json, JsonObject } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

/** How long one that was changed is still used. */
const KEPT_MS = 5_000
const KEPT_MAX = 10_000

export type ReadSettings = (tenantId: string, name: string) => Promise<readonly JsonObject[]>

export function createSettingsReader(connection: () => Connection, platform: () => Platform): ReadSettings {
  const kept = new Map<string, { readonly atMs: number; readonly rows: Promise<readonly JsonObject[]> }>()
  return (tenantId, name) => {
    const key = `${tenantId}/${name}`
    const known = kept.get(key)
    if (known && Date.now() - known.atMs < KEPT_MS) return known.rows
    const rows = read(connection(), platform(), tenantId, name)
    rows.catch(() => kept.delete(key))
    if (kept.size >= KEPT_MAX) kept.clear()
    kept.set(key, { atMs: Date.now(), rows })
    return rows
  }
}

const FIELDS = ['function', 'settings', 'timeout_ms', 'attempts', 'enabled'] as const

async function read(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  name: string,
): Promise<readonly JsonObject[]> {
  if (!platform.compiled.entities.function_settings) return []
  const { table, tenant, column: c } = tableNames(platform, 'function_settings')
  const pairs = FIELDS.map((field) => `'${field}', ${c(field)}`).join(', ')
  const text = `select jsonb_build_object(${pairs})::text from ${table} where ${tenant} = $1 and ${c('function')} = $2`
  const [, found] = await connection.batch([ROW_SECURITY, { text, params: [tenantId, name] }])
  return (found?.rows ?? []).map(([row]) => JSON.parse(row ?? '{}') as Json as JsonObject) // as built above
}
