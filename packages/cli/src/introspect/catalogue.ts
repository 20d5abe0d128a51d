/** What the catalogue of a Postgres says of its tables: plain data, not yet judged. */

export interface PgTable {
  readonly name: string
  readonly comment: string | null
  readonly columns: readonly PgColumn[]
  readonly constraints: readonly PgConstraint[]
  readonly indexes: readonly PgIndex[]
  /** Whether the row security that BackSaaS gives its tables stands on it. */
  readonly isOurs: boolean
}

export interface PgColumn {
  readonly name: string
  /** The base type: a domain's, an array's element. */
  readonly type: string
  /** `format_type` of it, `numeric(10,2)`. */
  readonly formatted: string
  readonly isList: boolean
  /** Of a list, as it was declared; Postgres holds nobody to it. */
  readonly dimensions: number
  /** What the domain of the column checks, as Postgres writes it. */
  readonly domainChecks: readonly string[]
  readonly notNull: boolean
  /** The default as SQL; null without one. */
  readonly default: string | null
  readonly isIdentity: boolean
  readonly isGenerated: boolean
  readonly comment: string | null
  /** The values of an enum type, in order. */
  readonly values: readonly string[] | null
}

export interface PgConstraint {
  readonly kind: 'p' | 'u' | 'f' | 'c' | 'x'
  readonly name: string
  readonly columns: readonly string[]
  /** The predicate of a check, as Postgres writes it. */
  readonly check: string | null
  /** Of a foreign key. */
  readonly target: { readonly schema: string; readonly table: string; readonly columns: readonly string[] } | null
  /** Of a foreign key: Postgres' letter of what deleting does. */
  readonly onDelete: string
}

export interface PgIndex {
  readonly name: string
  readonly columns: readonly string[]
  readonly isUnique: boolean
  /** Whether it is a plain btree over columns: not partial, not over expressions, not another method. */
  readonly isPlain: boolean
  /** Whether it stands for a constraint, which says more. */
  readonly ofConstraint: boolean
}

/** Tables, with columns in order; views and partitions are not among them. One row, one column: JSON. */
export const CATALOGUE_QUERY = `
select coalesce(json_agg(json_build_object(
  'name', c.relname,
  'comment', obj_description(c.oid, 'pg_class'),
  'isOurs', exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'backsaas_tenant'),
  'columns', (
    select coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', base.typname,
      'formatted', format_type(case when el.oid is null then coalesce(nullif(t.typbasetype, 0), t.oid) else el.oid end,
        case when t.typtype = 'd' then t.typtypmod else a.atttypmod end),
      'isList', el.oid is not null,
      'dimensions', a.attndims,
      'domainChecks', (select coalesce(json_agg(pg_get_constraintdef(dc.oid) order by dc.conname), '[]')
        from pg_constraint dc where dc.contypid = inner_t.oid and dc.contype = 'c'),
      'notNull', a.attnotnull or (t.typtype = 'd' and t.typnotnull),
      'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
      'isIdentity', a.attidentity <> '',
      'isGenerated', a.attgenerated <> '',
      'comment', col_description(c.oid, a.attnum),
      'values', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = base.oid)
    ) order by a.attnum), '[]')
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    left join pg_type el on el.oid = case when t.typcategory = 'A' then t.typelem end and t.typcategory = 'A'
    join pg_type inner_t on inner_t.oid = coalesce(el.oid, t.oid)
    join pg_type base on base.oid = coalesce(nullif(inner_t.typbasetype, 0), inner_t.oid)
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'constraints', (
    select coalesce(json_agg(json_build_object(
      'kind', k.contype,
      'name', k.conname,
      'columns', (select coalesce(json_agg(a.attname order by n.i), '[]') from unnest(k.conkey) with ordinality n(num, i)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = n.num),
      'check', case when k.contype = 'c' then pg_get_expr(k.conbin, k.conrelid) end,
      'target', case when k.contype = 'f' then json_build_object(
        'schema', (select nspname from pg_namespace where oid = f.relnamespace),
        'table', f.relname,
        'columns', (select json_agg(a.attname order by n.i) from unnest(k.confkey) with ordinality n(num, i)
          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = n.num)) end,
      'onDelete', k.confdeltype
    ) order by k.contype, k.conname), '[]')
    from pg_constraint k left join pg_class f on f.oid = k.confrelid
    where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c', 'x')),
  'indexes', (
    select coalesce(json_agg(json_build_object(
      'name', ic.relname,
      'columns', (select coalesce(json_agg(a.attname order by n.i), '[]')
        from unnest(i.indkey::int2[]) with ordinality n(num, i)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = n.num where n.i <= i.indnkeyatts),
      'isUnique', i.indisunique,
      'isPlain', i.indpred is null and i.indexprs is null and am.amname = 'btree',
      'ofConstraint', exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
    ) order by ic.relname), '[]')
    from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_am am on am.oid = ic.relam
    where i.indrelid = c.oid and i.indislive)
) order by c.relname), '[]')::text
from pg_class c join pg_namespace s on s.oid = c.relnamespace
where s.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition`

/** The relations that are left out, by kind. */
export const OTHERS_QUERY = `
select c.relkind::text, c.relname from pg_class c join pg_namespace s on s.oid = c.relnamespace
where s.nspname = $1 and c.relkind in ('v', 'm', 'f') order by 2`
