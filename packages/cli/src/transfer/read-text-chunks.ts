/** A file as text: UTF-8 or nothing, so that no row comes in with letters that were never in it. */
import { createReadStream } from 'node:fs'
import { BackSaasError } from '@backsaas/core'

export interface TextChunk {
  readonly text: string
  /** How far into the file the reader is. */
  readonly bytes: number
}

/**
 * Yields the text in pieces, without a byte order mark.
 *
 * @throws `FILE_INVALID` (400) where the file is not UTF-8, with the place.
 * @example for await (const { text } of readTextChunks('people.csv')) parser.write(text)
 */
export async function* readTextChunks(path: string): AsyncGenerator<TextChunk> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  for await (const chunk of createReadStream(path)) {
    const data: Uint8Array = chunk
    if (bytes === 0) refuseUtf16(path, data)
    const text = decode(
      () => decoder.decode(data, { stream: true }),
      path,
      () => bytes + firstFault(data),
    )
    bytes += data.byteLength
    yield { text, bytes }
  }
  const rest = decode(
    () => decoder.decode(),
    path,
    () => bytes,
  )
  if (rest !== '') yield { text: rest, bytes }
}

function refuseUtf16(path: string, [first, second]: Uint8Array): void {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) throw invalid(path, 'it is UTF-16')
}

function decode(read: () => string, path: string, placeOf: () => number): string {
  try {
    return read()
  } catch (cause) {
    throw invalid(path, `there is something else near byte ${placeOf()}`, cause)
  }
}

/** About where a piece stops being UTF-8; a letter that began in the piece before it is passed over. */
function firstFault(data: Uint8Array): number {
  let start = 0
  while (start < 3 && ((data[start] ?? 0) & 0xc0) === 0x80) start += 1
  let [sound, broken] = [start, data.byteLength]
  while (broken - sound > 1) {
    const middle = (sound + broken) >> 1
    if (isUtf8(data.subarray(start, middle))) sound = middle
    else broken = middle
  }
  return sound
}

function isUtf8(data: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(data, { stream: true })
    return true
  } catch {
    return false // the question that was asked
  }
}

function invalid(path: string, reason: string, cause?: unknown): BackSaasError {
  return new BackSaasError('FILE_INVALID', 400, `${path} is not UTF-8: ${reason}`, {
    hint: 'save it as UTF-8, such as with `iconv -f LATIN1 -t UTF-8`; nothing is guessed',
    cause,
  })
}
