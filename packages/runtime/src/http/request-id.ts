/** The id by which a request is found again in logs: the caller's where it is harmless, else a new one. */

const HARMLESS = /^[A-Za-z0-9_-]{8,64}$/

/** The `x-request-id` that came along, or a new random one. */
export function requestId(request: Request): string {
  const given = request.headers.get('x-request-id')
  return given !== null && HARMLESS.test(given) ? given : crypto.randomUUID()
}
