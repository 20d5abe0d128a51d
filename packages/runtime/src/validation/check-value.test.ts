import type { CompiledField } from '@backsaas/core'
import { expect, test } from 'vitest'
import { checkValue } from './check-value.ts'

const field = (rest: Partial<CompiledField>): CompiledField => ({
  name: 'f',
  type: 'string',
  list: false,
  required: false,
  writable: true,
  ...rest,
})

test.each<[Partial<CompiledField>, unknown, string | null]>([
  [{}, 'a', null],
  [{}, null, null],
  [{ required: true }, null, 'required'],
  [{}, { a: 1 }, 'type'],
  [{}, ['a'], 'type'],
  [{}, 'a\0b', 'type'],
  [{ max: 2 }, 'abc', 'max'],
  [{ max: 2 }, '👍👍', null],
  [{ min: 1 }, '', 'min'],
  [{ type: 'integer', min: 1 }, 0, 'min'],
  [{ type: 'integer' }, true, 'type'],
  [{ type: 'boolean' }, 1, 'type'],
  [{ type: 'boolean' }, 'yes', null],
  [{ type: 'boolean' }, 'maybe', 'type'],
  [{ type: 'enum', values: ['a'] }, 'b', 'enum'],
  [{ pattern: '^[A-Z]+$' }, 'ab', 'pattern'],
  [{ format: 'email' }, 'a@b.co', null],
  [{ format: 'email' }, 'a@b', 'format'],
  [{ format: 'uri' }, 'javascript', 'format'],
  [{ format: 'ipv4' }, '256.1.1.1', 'format'],
  [{ format: 'ipv4' }, '10.0.0.1', null],
  [{ format: 'ipv6' }, '::1', null],
  [{ format: 'hostname' }, '-a.b', 'format'],
  [{ format: 'slug' }, 'a-b-1', null],
  [{ format: 'color' }, '#12', 'format'],
  [{ list: true }, ['a', null], null],
  [{ list: true }, 'a', 'type'],
  [{ list: true, max: 1 }, ['a', 'b'], 'max'],
  [{ list: true, max: 1 }, ['ab'], null],
  [{ type: 'json' }, { any: ['thing'] }, null],
  [{ type: 'integer' }, 1.5, 'type'],
  [{ type: 'integer' }, '2147483648', 'type'],
  [{ type: 'integer' }, ' -2147483648', null],
  [{ type: 'bigint' }, '9223372036854775807', null],
  [{ type: 'bigint' }, '9223372036854775808', 'type'],
  [{ type: 'decimal', scale: 2 }, '1.230', null],
  [{ type: 'decimal', scale: 2 }, '1.234', 'type'],
  [{ type: 'decimal' }, 'NaN', 'type'],
  [{ type: 'decimal' }, '1e3', null],
  [{ type: 'uuid' }, '{A0EEBC99-9c0b4ef8-bb6d6bb9bd380a11}', null],
  [{ type: 'uuid' }, 'x', 'type'],
  [{ type: 'date' }, '2024-02-29', null],
  [{ type: 'date' }, '2023-02-29', 'type'],
  [{ type: 'date' }, '2020-13-01', 'type'],
  [{ type: 'timestamp' }, '2020-01-32T00:00:00Z', 'type'],
  [{ type: 'date' }, 'today', null],
  [{ type: 'uuid', list: true }, ['x'], 'type'],
])('%j with %j → %s', (rest, value, code) => {
  expect(checkValue(field(rest), value)?.code ?? null).toBe(code)
})

const LONG = 200_000

// Each of these is quadratic or worse for an engine that backtracks, where an expression lets it.
test.each<[Partial<CompiledField>, string, string | null]>([
  [{ pattern: '^(a+)+$' }, `${'a'.repeat(LONG)}!`, 'pattern'],
  [{ pattern: '(x+x+)+y' }, 'x'.repeat(LONG), 'pattern'],
  [{ pattern: '(?:.*a){20}' }, 'b'.repeat(LONG), 'pattern'],
  [{ type: 'decimal' }, `${'1'.repeat(LONG)}x`, 'type'],
  [{ type: 'float', min: 0 }, `${'1'.repeat(LONG)}x`, null],
  [{ type: 'decimal', scale: 2 }, `1.${'0'.repeat(LONG)}1`, 'type'],
  [{ type: 'integer' }, '9'.repeat(LONG), 'type'],
  [{ type: 'bigint' }, `${' '.repeat(LONG)}x`, 'type'],
  [{ type: 'uuid' }, '{-'.repeat(LONG), 'type'],
  [{ type: 'date' }, `${' '.repeat(LONG)}x`, null],
  [{ type: 'boolean' }, `${' '.repeat(LONG)}x`, 'type'],
  [{ list: true }, `{${'} '.repeat(LONG)}x`, 'type'],
  [{ format: 'email' }, `a@${'b.'.repeat(LONG)}`, 'format'],
  [{ format: 'uri' }, `a:${'/'.repeat(LONG)}\n`, null],
  [{ format: 'hostname' }, `${'a.'.repeat(LONG)}-`, 'format'],
  [{ format: 'uuid' }, 'a'.repeat(LONG), 'format'],
  [{ format: 'slug' }, `${'a-'.repeat(LONG)}!`, 'format'],
  [{ format: 'phone' }, `+${'1'.repeat(LONG)}`, 'format'],
  [{ format: 'ipv4' }, '1.'.repeat(LONG), 'format'],
  [{ format: 'ipv6' }, '1:'.repeat(LONG), 'format'],
  [{ format: 'color' }, `#${'a'.repeat(LONG)}`, 'format'],
])('%j with a long text takes no long time', (rest, value, code) => {
  const start = process.cpuUsage()
  expect(checkValue(field(rest), value)?.code ?? null).toBe(code)
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1000).toBeLessThan(500)
})
