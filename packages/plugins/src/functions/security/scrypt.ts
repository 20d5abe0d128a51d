/** Passwords by scrypt, in the PHC string format: by the engine's own where it has one, else in JavaScript. */
import { scryptAsync } from '@noble/hashes/scrypt.js'

const SALT_BYTES = 16
const HASH_BYTES = 32
const R = 8
const FORM = /^\$scrypt\$ln=(1[0-9]),r=8,p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** @returns `$scrypt$ln=15,r=8,p=1$salt$hash`, in base64 without padding. */
export async function hashPassword(password: string, cost = 15): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES))
  const hash = await derive(password, salt, cost)
  return `$scrypt$ln=${cost},r=${R},p=1$${toBase64(salt)}$${toBase64(hash)}`
}

/**
 * Whether a password is the one that was hashed; false for what is no such hash.
 *
 * @example await verifyPassword('correct horse', row.password_hash)
 */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, cost, salt, hash] = FORM.exec(stored) ?? []
  if (!cost || !salt || !hash) return false
  const wanted = fromBase64(hash)
  const found = await derive(password, fromBase64(salt), Number(cost))
  let difference = wanted.length ^ found.length
  for (let at = 0; at < found.length; at++) difference |= (found[at] ?? 0) ^ (wanted[at] ?? 0)
  return difference === 0
}

async function derive(password: string, salt: Uint8Array, cost: number): Promise<Uint8Array> {
  const text = password.normalize('NFKC')
  const n = 2 ** cost
  const native = globalThis.process?.getBuiltinModule?.('node:crypto')?.scrypt
  if (!native) return scryptAsync(text, salt, { N: n, r: R, p: 1, dkLen: HASH_BYTES })
  return new Promise((resolve, reject) => {
    native(text, salt, HASH_BYTES, { N: n, r: R, p: 1, maxmem: 256 * n * R }, (error, hash) =>
      error ? reject(error) : resolve(new Uint8Array(hash)),
    )
  })
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('=', '')
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
