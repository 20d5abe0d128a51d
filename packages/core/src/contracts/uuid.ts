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
  const random = crypto.getRandomValues(new Uint8Array(8))
  random[0] = ((random[0] as number) & 0x3f) | 0x80
  const time = lastMs.toString(16).padStart(12, '0')
  const tail = Array.from(random, (byte) => HEX[byte]).join('')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`
}

/** Whether the text is a UUID of any version, in the form with hyphens. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
}
