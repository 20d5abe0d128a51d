/**
 * API keys: `bsk_<tenant>_<prefix>_<secret>`. The tenant (its id, 32 hex digits) says where to look, the prefix (12
 * hex digits) finds the row, the secret (43 base64url characters, 256 random bits) proves it. Stored is SHA-256 (hex)
 * of the whole key: a random secret of that size needs no slow hash.
 */
export interface ApiKeyParts {
  /** The tenant's uuid, with hyphens. */
  readonly tenantId: string
  readonly prefix: string
}

const FORM = /^bsk_([0-9a-f]{32})_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/

/** The readable parts of a key, or null where the text is not one. */
export function parseApiKey(key: string): ApiKeyParts | null {
  const match = FORM.exec(key)
  if (!match) return null
  const hex = match[1] as string
  const tenantId = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  return { tenantId, prefix: match[2] as string }
}

/**
 * Makes a new key for a tenant.
 *
 * @returns the key (to be shown once), its prefix and its hash (to be stored).
 * @example const { key, prefix, hash } = await makeApiKey('018f0000-0000-7000-8000-000000000001')
 */
export async function makeApiKey(tenantId: string): Promise<{ key: string; prefix: string; hash: string }> {
  const prefix = hex(crypto.getRandomValues(new Uint8Array(6)))
  const secret = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
  const key = `bsk_${tenantId.replaceAll('-', '')}_${prefix}_${secret}`
  return { key, prefix, hash: await hashApiKey(key) }
}

/** SHA-256 of the whole key, in hex. */
export async function hashApiKey(key: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))))
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
