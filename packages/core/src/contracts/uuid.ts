/** UUID version 7: time-ordered, so that new rows go to the right edge of an index. RFC 9562, 5.7. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
let lastMs = 0
let sequence = 0

/**
 * A new UUIDv7; those made by one process in one millisecond are ordered (a 12-bit counter, RFC 9562 6.2 method 1).
 *
 * @example uuidv7() // '019a3f6e-2d3c-7001-9f3e-0d6c1a2b3c4d'
 */
export function uuidv7(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs
    sequence = 0
  } else if (++sequence > 0xfff) {
    lastMs += 1
    sequence = 0
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const variant = HEX[(randomByte() & 0x3f) | 0x80]
  const tail = `${hexByte()}-${hexByte()}${hexByte()}${hexByte()}${hexByte()}${hexByte()}${hexByte()}`
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence.toString(16).padStart(3, '0')}-${variant}${tail}`
}

/** Asked for many at a time: each call into the platform costs as much as a hundred bytes. Workers give none at start-up. */
const random = new Uint8Array(4096)
let used = random.length

/** Each is given once. */
function randomByte(): number {
  if (used === random.length) {
    crypto.getRandomValues(random)
    used = 0
  }
  return random[used++] as number // `used` is in the array
}

function hexByte(): string {
  return HEX[randomByte()] as string
}

/** Whether the text is a UUID of any version, in the form with hyphens. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
}
