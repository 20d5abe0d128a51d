/** `Accept` → what the answer looks like. */
import { BackSaasError } from '@backsaas/core'

export interface Media {
  /** `application/vnd.pgrst.object+json`: one object, or an error. */
  readonly singular: boolean
  readonly contentType: string
}

const ARRAY: Media = { singular: false, contentType: 'application/json; charset=utf-8' }
const OBJECT: Media = { singular: true, contentType: 'application/vnd.pgrst.object+json; charset=utf-8' }
const BY_TYPE: Readonly<Record<string, Media>> = {
  '*/*': ARRAY,
  'application/*': ARRAY,
  'application/json': ARRAY,
  'application/vnd.pgrst.array+json': ARRAY,
  'application/vnd.pgrst.object+json': OBJECT,
}

/**
 * The first type the client prefers that can be served.
 *
 * @throws `PGRST107` (406) where none can.
 */
export function readAccept(header: string | null): Media {
  if (header === null || header === '' || header === 'application/json' || header === '*/*') return ARRAY
  const wanted = header.split(',').map((part, position) => {
    const [type = '', ...parameters] = part.trim().toLowerCase().split(';')
    const q = parameters.map((p) => /^\s*q=([\d.]+)\s*$/.exec(p)?.[1]).find((value) => value !== undefined)
    return { type: type.trim(), q: q === undefined ? 1 : Number(q), position }
  })
  wanted.sort((a, b) => b.q - a.q || a.position - b.position)
  for (const { type, q } of wanted) if (q > 0 && Object.hasOwn(BY_TYPE, type)) return BY_TYPE[type] ?? ARRAY
  throw new BackSaasError('PGRST107', 406, `None of these media types are available: ${header.slice(0, 200)}`, {
    hint: `Available: ${Object.keys(BY_TYPE).slice(2).join(', ')}`,
  })
}
