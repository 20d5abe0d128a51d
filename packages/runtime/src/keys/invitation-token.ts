/** The text that proves an invitation: `bsi_<tenant>_<secret>`. Kept is its SHA-256, as of keys. */
import { hashApiKey, makeApiKey } from '@backsaas/core'

const FORM = /^bsi_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$/

/** @returns the token (to be shown once) and its hash (to be stored). */
export async function makeInvitation(tenantId: string): Promise<{ token: string; hash: string }> {
  const { key } = await makeApiKey(tenantId)
  const token = `bsi_${tenantId.replaceAll('-', '')}_${key.slice(-43)}`
  return { token, hash: await hashApiKey(token) }
}

/** What it is found by; null where it is none of this tenant. */
export async function readInvitation(token: string, tenantId: string): Promise<string | null> {
  const match = FORM.exec(token)
  return match?.[1] === tenantId.replaceAll('-', '') ? hashApiKey(token) : null
}
