/** Secrets at rest: AES-256-GCM, bound to where they stand, by keys that the operator alone has. */
import { BackSaasError } from '../errors/backsaas-error.ts'

/** By their ids; `current` seals, all open. So a key is changed by adding another before it. */
export interface SecretKeys {
  readonly current: string
  readonly keys: ReadonlyMap<string, CryptoKey>
}

export interface Sealed {
  /** Base64: the nonce, then what it seals with its tag. */
  readonly sealed: string
  readonly keyId: string
}

const NONCE_BYTES = 12

/**
 * @param text keys in base64, 32 bytes each, with commas between them, the one that seals first; as in `BACKSAAS_SECRET_KEYS`.
 * @throws `SECRET_KEY_INVALID` (500).
 * @example await readSecretKeys(process.env.BACKSAAS_SECRET_KEYS ?? '')
 */
export async function readSecretKeys(text: string): Promise<SecretKeys | undefined> {
  const parts = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
  const entries = await Promise.all(parts.map(readKey))
  const [first] = entries
  return first && { current: first[0], keys: new Map(entries) }
}

async function readKey(text: string): Promise<readonly [id: string, key: CryptoKey]> {
  const bytes = fromBase64(text)
  if (bytes?.length !== 32)
    throw new BackSaasError('SECRET_KEY_INVALID', 500, 'a key for secrets is not 32 bytes in base64', {
      hint: 'openssl rand -base64 32',
    })
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const id = [...digest.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [id, await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])]
}

/**
 * @param place where it will stand: elsewhere it does not open.
 * @throws `SECRET_KEY_MISSING` (503).
 */
export async function sealSecret(keys: SecretKeys | undefined, value: string, place: string): Promise<Sealed> {
  const key = keys?.keys.get(keys.current)
  if (!keys || !key) throw keyMissing()
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: encode(place) }, key, encode(value))
  return { sealed: toBase64(new Uint8Array([...iv, ...new Uint8Array(bytes)])), keyId: keys.current }
}

/** @throws `SECRET_KEY_MISSING` (503) where nobody has its key; `SECRET_BROKEN` (503) where it is not what was sealed there. */
export async function openSecret(
  keys: SecretKeys | undefined,
  { sealed, keyId }: Sealed,
  place: string,
): Promise<string> {
  const key = keys?.keys.get(keyId)
  if (!key) throw keyMissing()
  const bytes = fromBase64(sealed) ?? new Uint8Array()
  const options = { name: 'AES-GCM', iv: bytes.slice(0, NONCE_BYTES), additionalData: encode(place) }
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt(options, key, bytes.slice(NONCE_BYTES)))
  } catch (cause) {
    throw new BackSaasError('SECRET_BROKEN', 503, 'a secret is not what was sealed', { cause })
  }
}

function keyMissing(): BackSaasError {
  return new BackSaasError('SECRET_KEY_MISSING', 503, 'the key for secrets is not there', {
    hint: 'Set BACKSAAS_SECRET_KEYS: openssl rand -base64 32',
  })
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** Null where it is none. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null // how the platform says that it is no base64
  }
}
