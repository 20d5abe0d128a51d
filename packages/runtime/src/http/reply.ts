/** An answer before it is a `Response`: plain parts, so that its headers are put together once. */

export interface Reply {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** @example toResponse({ status: 200, headers: { 'content-type': 'application/json' }, body: '[]' }) */
export function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers })
}
