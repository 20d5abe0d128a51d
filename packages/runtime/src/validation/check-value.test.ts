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
  // Catastrophic for an engine that backtracks.
  [{ pattern: '^(a+)+$' }, `${'a'.repeat(5000)}!`, 'pattern'],
  [{ type: 'json' }, { any: ['thing'] }, null],
])('%j with %j → %s', (rest, value, code) => {
  expect(checkValue(field(rest), value)?.code ?? null).toBe(code)
})
