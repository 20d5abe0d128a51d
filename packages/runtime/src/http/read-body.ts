/** The text of a request's body, read once and never further than the limit. */
import { BackSaasError } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'

/** What was read of a request, so that it can be asked again when a request is repeated on a newer schema. */
const texts = new WeakMap<Request, Promise<string>>()

/**
 * The body as text; the empty text where there is none. A second call for the same request answers the same.
 *
 * @throws `BODY_TOO_LARGE` (413) at the first byte over `maxBytes`, `BODY_ENCODED` (415) where it is compressed,
 *   `BODY_UNREADABLE` (400) where it is not UTF-8 or breaks off.
 * @example const rows = JSON.parse(await readBody(request, limits.bodyBytes))
 */
export function readBody(request: Request, maxBytes: number): Promise<string> {
  if (request.method === 'GET' || request.method === 'HEAD') return NONE
  let text = texts.get(request)
  if (!text) {
    text = read(request, maxBytes)
    texts.set(request, text)
  }
  return text
}

const NONE = Promise.resolve('')

async function read(request: Request, maxBytes: number): Promise<string> {
  const encoding = request.headers.get('content-encoding')
  if (encoding && encoding.toLowerCase() !== 'identity')
    throw runtimeError('BODY_ENCODED', `a body with content-encoding ${encoding.slice(0, 40)} is not read`, {
      hint: 'Send the body uncompressed.',
    })
  if (declaredTooLarge(request, maxBytes)) throw tooLarge(maxBytes)
  // What declares its size cannot bring more: the server cuts it off there. To ask for its stream would cost more than to read it.
  if (request.headers.has('content-length')) return decode(await readWhole(request, maxBytes))
  if (!request.body) return ''
  return decode(await collect(request.body, maxBytes))
}

async function readWhole(request: Request, maxBytes: number): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(await request.arrayBuffer())
  } catch (error) {
    throw runtimeError('BODY_UNREADABLE', 'the body broke off', { cause: error })
  }
  // A request that this process has made itself may say what it likes.
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
  return bytes
}

async function collect(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.byteLength
      if (size > maxBytes) throw tooLarge(maxBytes)
      chunks.push(value)
    }
  } catch (error) {
    // The sender is told to stop; that it may already have gone away is what we know.
    reader.cancel().catch(() => undefined)
    if (error instanceof BackSaasError) throw error
    throw runtimeError('BODY_UNREADABLE', 'the body broke off', { cause: error })
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : join(chunks, size)
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch (error) {
    throw runtimeError('BODY_UNREADABLE', 'the body is not UTF-8', { cause: error })
  }
}

/** Whether the request says itself that its body is larger. */
export function declaredTooLarge(request: Request, maxBytes: number): boolean {
  return Number(request.headers.get('content-length') ?? 0) > maxBytes
}

export function tooLarge(maxBytes: number): BackSaasError {
  return runtimeError('BODY_TOO_LARGE', `the body is larger than ${maxBytes} bytes`, {
    hint: 'Send less at once.',
    // What is left of the body is not read: the connection cannot serve another request.
    headers: { connection: 'close' },
  })
}
