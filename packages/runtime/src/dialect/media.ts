/** `Accept` → what the answer looks like. */
import { BackSaasError, type Operation } from '@backsaas/core'

export interface Media {
  /** `application/vnd.pgrst.object+json`: one object, or an error. */
  readonly singular: boolean
  readonly format: Operation['format']
  readonly contentType: string
}

const JSON_ARRAY: Media = { singular: false, format: 'json', contentType: 'application/json; charset=utf-8' }
const ARRAY = 'application/vnd.pgrst.array+json'
const OBJECT = 'application/vnd.pgrst.object+json'
const BY_TYPE: Readonly<Record<string, Media>> = {
  '*/*': JSON_ARRAY,
  'application/*': JSON_ARRAY,
  'application/json': JSON_ARRAY,
  [ARRAY]: JSON_ARRAY,
  [`${ARRAY};nulls=stripped`]: {
    singular: false,
    format: 'stripped',
    contentType: `${ARRAY};nulls=stripped; charset=utf-8`,
  },
  [OBJECT]: { singular: true, format: 'json', contentType: `${OBJECT}; charset=utf-8` },
  [`${OBJECT};nulls=stripped`]: {
    singular: true,
    format: 'stripped',
    contentType: `${OBJECT};nulls=stripped; charset=utf-8`,
  },
  'text/csv': { singular: false, format: 'csv', contentType: 'text/csv; charset=utf-8' },
}

/**
 * The first type the client prefers that can be served.
 *
 * @throws `PGRST107` (406) where none can.
 */
export function readAccept(header: string | null): Media {
  if (header === null || header === '' || header === 'application/json' || header === '*/*') return JSON_ARRAY
  const wanted = header.split(',').map((part, position) => {
    const [type = '', ...parameters] = part
      .toLowerCase()
      .split(';')
      .map((piece) => piece.trim())
    const q = parameters.map((p) => /^q=([\d.]+)$/.exec(p)?.[1]).find((value) => value !== undefined)
    const stripped = parameters.includes('nulls=stripped') ? ';nulls=stripped' : ''
    const whole =
      type === 'application/vnd.pgrst.object' || type === 'application/vnd.pgrst.array' ? `${type}+json` : type
    return { type: whole + stripped, q: q === undefined ? 1 : Number(q), position }
  })
  wanted.sort((a, b) => b.q - a.q || a.position - b.position)
  for (const { type, q } of wanted) if (q > 0 && Object.hasOwn(BY_TYPE, type)) return BY_TYPE[type] ?? JSON_ARRAY
  throw new BackSaasError('PGRST107', 406, `None of these media types are available: ${header.slice(0, 200)}`, {
    hint: `Available: ${Object.keys(BY_TYPE).slice(2).join(', ')}`,
  })
}
