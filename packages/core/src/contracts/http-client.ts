/** The way of functions to the outside: one that reaches no address inside, follows no redirect there, and has an end. */

export interface HttpRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Everything together, redirects included; 10,000 unless given. */
  readonly timeoutMs?: number
  /** Of the answer's body; what is beyond is left unread. 65,536 unless given. */
  readonly maxBytes?: number
  /** The hosts that it may lead to, redirects included; all public ones unless given. */
  readonly hosts?: readonly string[]
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the body was longer than `maxBytes`. */
  readonly truncated: boolean
}

/**
 * @throws `BackSaasError`: `HTTP_FORBIDDEN` (422) for a URL, or an address that it leads to, that may not be reached;
 *   `HTTP_FAILED` (503) where nobody answers; `HTTP_TIMEOUT` (503).
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpAnswer>
