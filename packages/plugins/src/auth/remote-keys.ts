/** An issuer's public keys where it publishes them: kept, renewed when a key is not among them, never asked too often. */
import type { BackSaasError } from '@backsaas/core'
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import { authError } from './auth-errors.ts'
import type { KeyFetching } from './issuer-options.ts'

const TIMEOUT_MS = 5_000
/** A token may name a key that nobody has: so often, and no oftener, the issuer is asked for it. */
const COOLDOWN_MS = 30_000
const MAX_AGE_MS = 600_000
const MAX_BYTES = 262_144
/** After a failure the issuer is left alone. */
const PAUSE_MS = 5_000
/** An issuer that is down does not sign anybody out for as long. */
const KEPT_MS = 3_600_000

const LOCAL_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/** @throws `AUTH_OPTIONS_INVALID` where the address is no https one. */
export function remoteKeys(address: string, { insecureLocalhost, fetch }: KeyFetching): JWTVerifyGetKey {
  const url = URL.canParse(address) ? new URL(address) : null
  const isLocal = insecureLocalhost && url?.protocol === 'http:' && LOCAL_HOSTS.includes(url.hostname)
  if (!url || (url.protocol !== 'https:' && !isLocal))
    throw authError('AUTH_OPTIONS_INVALID', 'the address of an issuer’s keys is no https address')
  return createRemoteJWKSet(url, {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: MAX_AGE_MS,
    [customFetch]: steadyFetch(fetch),
  })
}

/** Answers from what was there last while the issuer fails. @throws `PROVIDER_UNREACHABLE` where nothing was. */
function steadyFetch(fetch: KeyFetching['fetch']): (url: string, init: RequestInit) => Promise<Response> {
  let last: { readonly text: string; readonly at: number } | null = null
  let failed: { readonly error: BackSaasError; readonly at: number } | null = null
  return async (url, init) => {
    const now = Date.now()
    if (!failed || now - failed.at >= PAUSE_MS) {
      try {
        last = { text: await readKeys(await fetch(url, init)), at: now }
        failed = null
      } catch (cause) {
        failed = { error: unreachable(cause), at: now }
      }
    }
    if (failed && !(last && now - last.at < KEPT_MS)) throw failed.error
    return new Response(last?.text ?? null, { status: 200 })
  }
}

async function readKeys(response: Response): Promise<string> {
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel()
    throw new Error(`the issuer answered ${response.status} for its keys`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  // Read by hand: what is too long is given up at once.
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > MAX_BYTES) {
      await reader.cancel()
      throw new Error(`the keys of the issuer are longer than ${MAX_BYTES} bytes`)
    }
    chunks.push(value)
  }
  const text = await new Blob(chunks as BlobPart[]).text()
  const { keys } = JSON.parse(text) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('the issuer answered no list of keys')
  return text
}

function unreachable(cause: unknown): BackSaasError {
  return authError('PROVIDER_UNREACHABLE', 'the keys of the token’s issuer cannot be had', {
    hint: 'Try again in a moment.',
    headers: { 'retry-after': String(PAUSE_MS / 1000) },
    cause,
  })
}
