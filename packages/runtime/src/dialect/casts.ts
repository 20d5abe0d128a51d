/** The types that `::` may name, and what each is in SQL; anything else is refused, so that a cast is never a way to SQL. */
import { BackSaasError } from '@backsaas/core'

const CASTS: Readonly<Record<string, string>> = {
  text: 'text',
  varchar: 'text',
  char: 'text',
  string: 'text',
  int: 'integer',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  integer: 'integer',
  smallint: 'smallint',
  bigint: 'bigint',
  numeric: 'numeric',
  decimal: 'numeric',
  real: 'real',
  float4: 'real',
  float8: 'double precision',
  float: 'double precision',
  bool: 'boolean',
  boolean: 'boolean',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  interval: 'interval',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'jsonb',
  bytea: 'bytea',
}

/** @throws `42704` (400) for a type outside the list. */
export function castType(name: string): string {
  const type = Object.hasOwn(CASTS, name) ? CASTS[name] : undefined
  if (!type)
    throw new BackSaasError('42704', 400, `type "${name.slice(0, 100)}" does not exist`, {
      hint: `Cast to one of ${Object.keys(CASTS).join(', ')}.`,
    })
  return type
}
