/** The parts of a request's URL, without a `URL`: it is in normal form already, as every `Request` has it. */

export interface Address {
  /** Lower-case, without port. */
  readonly host: string
  /** As it was sent: percent signs stay. */
  readonly path: string
  /** What follows `?`, as it was sent; '' where nothing does. */
  readonly query: string
}

/** @example readAddress('http://acme.example.com:8080/rest/v1/contacts?id=eq.1').host // 'acme.example.com' */
export function readAddress(url: string): Address {
  const hostAt = url.indexOf('//') + 2
  const pathAt = url.indexOf('/', hostAt)
  const fragmentAt = url.indexOf('#', pathAt)
  const end = fragmentAt === -1 ? url.length : fragmentAt
  const queryAt = url.indexOf('?', pathAt)
  const hasQuery = queryAt !== -1 && queryAt < end
  return {
    host: hostOf(url.slice(hostAt, pathAt)),
    path: url.slice(pathAt, hasQuery ? queryAt : end),
    query: hasQuery ? url.slice(queryAt + 1, end) : '',
  }
}

/** `user@host:port` → host; `[::1]:80` → `[::1]`. */
function hostOf(authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const portAt = host.startsWith('[') ? host.indexOf(':', host.indexOf(']')) : host.indexOf(':')
  return (portAt === -1 ? host : host.slice(0, portAt)).toLowerCase()
}
