/** Secrets of functions, as the worker opens them. */
import { BackSaasError, type Database, openSecret, type SecretKeys } from '@backsaas/core'
import { MIGRATOR_SCOPE, ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

export type { SecretKeys } from '@backsaas/core'

/** How long one that was changed is still used. */
const KEPT_MS = 5_000
const KEPT_MAX = 1_000

/** @throws from what it answers: `SECRET_MISSING` (422), `SECRET_KEY_MISSING` (503). */
export function createSecretReader(
  database: Database,
  platform: () => Platform,
  keys: SecretKeys | undefined,
): (tenantId: string, name: string) => Promise<string> {
  const kept = new Map<string, { readonly atMs: number; readonly text: Promise<string> }>()
  return (tenantId, name) => {
    const key = `${tenantId}/${name}`
    const known = kept.get(key)
    if (known && Date.now() - known.atMs < KEPT_MS) return known.text
    const text = read(database, platform(), keys, tenantId, name)
    text.catch(() => kept.delete(key))
    if (kept.size >= KEPT_MAX) kept.clear()
    kept.set(key, { atMs: Date.now(), text })
    return text
  }
}

async function read(
  database: Database,
  platform: Platform,
  keys: SecretKeys | undefined,
  tenantId: string,
  name: string,
): Promise<string> {
  const { table, tenant, column: c } = tableNames(platform, 'function_secrets')
  const text = `select ${c('sealed')}, ${c('key_id')} from ${table} where ${tenant} = $1 and ${c('name')} = $2`
  const [, found] = await database
    .open(MIGRATOR_SCOPE, 'migrator')
    .batch([ROW_SECURITY, { text, params: [tenantId, name] }])
  const [sealed, keyId] = found?.rows[0] ?? []
  if (!sealed || !keyId)
    throw new BackSaasError('SECRET_MISSING', 422, `the secret ${name} is not set`, {
      hint: `backsaas secret set <tenant> ${name}`,
    })
  return openSecret(keys, { sealed, keyId }, `${tenantId}/${name}`)
}
