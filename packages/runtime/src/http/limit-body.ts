/** A request whose body breaks off at the limit, for those that read it themselves. */
import { declaredTooLarge, tooLarge } from './read-body.ts'

/**
 * The same request where it has no body; else one that errs at the first byte over `maxBytes`, without keeping any.
 *
 * @throws `BODY_TOO_LARGE` (413) at once where its content-length says so.
 * @example route.handle({ ...context, request: limitBody(request, limits.bodyBytes) })
 */
export function limitBody(request: Request, maxBytes: number): Request {
  if (declaredTooLarge(request, maxBytes)) throw tooLarge(maxBytes)
  if (!request.body) return request
  let size = 0
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength
      if (size > maxBytes) throw tooLarge(maxBytes)
      controller.enqueue(chunk)
    },
  })
  const init: RequestInit & { duplex: 'half' } = { body: request.body.pipeThrough(counted), duplex: 'half' }
  return new Request(request, init)
}
