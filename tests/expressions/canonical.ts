/** One text for each value, whoever worked it out: Postgres says it by the function `canon`, JS here. */
import type { ExpressionType } from '@backsaas/core'
import type { Duration, Value } from '@backsaas/core/expression'

/** `canon(x)` of every type that an expression may come to. */
export const CANON_SQL = `
  create function canon(x boolean) returns text language sql as 'select x::text';
  create function canon(x bigint) returns text language sql as 'select x::text';
  create function canon(x numeric) returns text language sql as 'select trim_scale(x)::text';
  create function canon(x double precision) returns text language sql
    as $$ select encode(float8send(case when x = 0 then 0 else x end), 'hex') $$;
  create function canon(x text) returns text language sql as 'select x';
  create function canon(x uuid) returns text language sql as 'select x::text';
  create function canon(x date) returns text language sql as $$ select (x - '1970-01-01'::date)::text $$;
  create function canon(x time) returns text language sql as $$ select floor(extract(epoch from x) * 1000000)::text $$;
  create function canon(x timestamptz) returns text language sql
    as $$ select trunc(extract(day from i) * 86400000000 + extract(hour from i) * 3600000000
      + extract(minute from i) * 60000000 + extract(microsecond from i) + 946684800000000)::text
      from (select x - '2000-01-01Z'::timestamptz) as d(i) $$;
  create function canon(x interval) returns text language sql as $$
    select extract(year from x) * 12 + extract(month from x) || '|' || extract(day from x) || '|' ||
      (extract(hour from x) * 3600000000 + extract(minute from x) * 60000000 + extract(microsecond from x))::bigint $$;
  create function canon(x bytea) returns text language sql as $$ select encode(x, 'hex') $$;
  create function canon(x jsonb) returns text language sql as 'select x::text';
  create function canon(x anyarray) returns text language plpgsql as $$
    declare item text; items text[] := '{}';
    begin
      if x is null then return null; end if;
      for i in 1 .. cardinality(x) loop
        execute 'select canon($1[$2])' into item using x, i;
        items := items || item;
      end loop;
      return to_json(items)::text;
    end $$`

/** The same for a value in JS; null for null. JSON has no such text and is compared as it is: see `isSame`. */
export function canon(type: ExpressionType, value: Value): string | null {
  if (value === null) return null
  if (type.startsWith('list(')) {
    const element = type.slice(5, -1) as ExpressionType // by the form of ExpressionType
    return JSON.stringify((value as readonly Value[]).map((item) => canon(element, item)))
  }
  switch (type) {
    case 'decimal': {
      const { digits, scale } = value as { digits: bigint; scale: number }
      const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
      const whole = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`
      return digits < 0n ? `-${whole}` : whole
    }
    case 'double': {
      const view = new DataView(new ArrayBuffer(8))
      view.setFloat64(0, value === 0 ? 0 : (value as number))
      return view.getBigUint64(0).toString(16).padStart(16, '0')
    }
    case 'duration': {
      const { months, days, microseconds } = value as Duration
      return `${months}|${days}|${microseconds}`
    }
    case 'bytes':
      return Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, '0')).join('')
    case 'json':
      return JSON.stringify(sorted(value))
    default:
      return String(value)
  }
}

/** Whether Postgres' text and JS' value are one. */
export function isSame(type: ExpressionType, postgres: string | null, js: Value): boolean {
  const text = canon(type, js)
  if (postgres === null || text === null) return postgres === text
  return normalize(type, postgres) === normalize(type, text)
}

function normalize(type: ExpressionType, text: string): string {
  if (type === 'json') return JSON.stringify(sorted(JSON.parse(text)))
  if (type !== 'list(json)') return type.startsWith('list(') ? JSON.stringify(JSON.parse(text)) : text
  const items: (string | null)[] = JSON.parse(text)
  return JSON.stringify(items.map((item) => (item === null || item === 'null' ? null : sorted(JSON.parse(item)))))
}

/** Keys in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, sorted(inner)])
      .sort(),
  )
}
