/** `dev.json`: where the development server is and which keys open it. */
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from '../read-text.ts'

export interface Access {
  /** The base URL of a tenant's data API. */
  readonly restUrl: string
  readonly apiKey: string
}

export interface DevFile {
  readonly url: string
  readonly tenants: Readonly<Record<string, Access>>
  readonly system: Access
}

/** Keys by tenant slug, the platform's own under `system`. */
export type KnownKeys = ReadonlyMap<string, string>

/**
 * The keys that an earlier start wrote; none where there was no earlier start, or its file is not one of ours (then
 * new keys are made, and the file is written anew).
 */
export function readDevFile(folder: string): KnownKeys {
  const path = join(folder, 'dev.json')
  const keys = new Map<string, string>()
  if (!existsSync(path)) return keys
  const file = parse(readText(path))
  const tenants = Object.entries(Object(file.tenants))
  for (const [slug, access] of [...tenants, ['system', file.system] as const]) {
    const key: unknown = Object(access).apiKey
    if (typeof key === 'string') keys.set(slug, key)
  }
  return keys
}

/** Writes the file at once or not at all, for its owner's eyes only. */
export function writeDevFile(folder: string, content: DevFile): void {
  const path = join(folder, 'dev.json')
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function parse(text: string): { readonly tenants?: unknown; readonly system?: unknown } {
  try {
    return Object(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
