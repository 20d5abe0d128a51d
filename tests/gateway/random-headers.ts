/** Headers that nearly name a caller: right parts put together wrongly, and rubbish. The same for the same seed. */

export interface Parts {
  readonly key: string
  readonly token: string
  readonly tenantId: string
}

const RUBBISH = [
  ...[
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'bearer  x',
    'Basic YTpi',
    'Bearer a.b.c',
    'Bearer e30.e30.',
    'bsk_',
    'null',
    'undefined',
  ],
  ...[
    '../../etc/passwd',
    "' or 1=1 --",
    '%00',
    '\u00ff\u00fe',
    '__proto__',
    'constructor',
    '{"alg":"none"}',
    '*',
    'a:b',
    ',',
  ],
]
const NAMES = [
  'apikey',
  'authorization',
  'x-tenant',
  'accept-profile',
  'origin',
  'x-forwarded-for',
  'forwarded',
  'x-request-id',
]

export function randomHeaders(seed: number, { key, token, tenantId }: Parts): () => Record<string, string> {
  let state = seed >>> 0
  /** xorshift32. */
  const random = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T // not empty
  const character = (): string => String.fromCharCode(33 + random(94))

  function mutated(text: string): string {
    const at = random(text.length)
    switch (random(6)) {
      case 0:
        return text.slice(0, at)
      case 1:
        return text.slice(0, at) + character() + text.slice(at + 1)
      case 2:
        return text.slice(0, at) + text.slice(at, at + 8) + text.slice(at)
      case 3:
        return text.slice(at) + text.slice(0, at)
      case 4:
        return text.replaceAll('.', pick(['', '..', '.=.', '_']))
      default:
        return text + character().repeat(1 + random(40))
    }
  }

  function headerOfToken(): string {
    const part = (value: unknown): string =>
      btoa(JSON.stringify(value)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')
    const [, payload = '', signature = ''] = token.split('.')
    const alg = pick(['none', 'HS256', 'ES256', 'RS256', '', null, 7, ['ES256'], {}])
    const extra = pick([
      {},
      { jwk: {} },
      { jku: 'http://127.0.0.1' },
      { kid: {} },
      { crit: ['x'] },
      { typ: 7 },
      { b64: false },
    ])
    return `${part({ alg, ...extra })}.${pick([payload, part({ iss: pick(RUBBISH), sub: 7 }), ''])}.${pick([signature, ''])}`
  }

  const value = (): string => {
    const whole = pick([key, `Bearer ${key}`, `Bearer ${token}`, `Bearer ${headerOfToken()}`, tenantId, ...RUBBISH])
    const text = random(4) === 0 || whole === '' ? whole : mutated(whole)
    // What no client could send is not sent.
    return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
  }

  return () => Object.fromEntries(Array.from({ length: 1 + random(3) }, () => [pick(NAMES), value()]))
}
