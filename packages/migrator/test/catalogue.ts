/** What a database holds, as text: to compare before and after. */
import type { TestDatabase } from './open-databases.ts'

/** Schemas, relations, functions, constraints, policies, grants and types outside the system's own, and every role. */
export async function catalogue(test: TestDatabase, where: 'everything' | 'not ours'): Promise<string> {
  const ours = where === 'everything' ? 'true' : `n.nspname not like 'backsaas%'`
  const parts = [
    `select n.nspname, n.nspowner::regrole, n.nspacl from pg_namespace n where ${ours} and n.nspname !~ '^pg_(temp|toast)'`,
    `select n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relacl, c.relrowsecurity, c.relforcerowsecurity
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours} and n.nspname !~ '^pg_|information_schema'`,
    `select n.nspname, c.relname, a.attname, a.atttypid::regtype, a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where ${ours} and n.nspname !~ '^pg_|information_schema' and a.attnum > 0`,
    `select n.nspname, c.conname, c.conrelid::regclass, pg_get_constraintdef(c.oid), c.convalidated
     from pg_constraint c join pg_namespace n on n.oid = c.connamespace where ${ours} and n.nspname !~ '^pg_|information_schema'`,
    `select n.nspname, p.oid::regprocedure, p.proowner::regrole, p.proacl, p.prosrc, p.proconfig
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours} and n.nspname !~ '^pg_|information_schema'`,
    `select n.nspname, c.relname, t.tgenabled, pg_get_triggerdef(t.oid) from pg_trigger t
     join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where ${ours} and not t.tgisinternal`,
    `select p.schemaname, p.tablename, p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check
     from pg_policies p join pg_namespace n on n.nspname = p.schemaname where ${ours}`,
    `select d.defaclrole::regrole, d.defaclobjtype, d.defaclacl from pg_default_acl d`,
    where === 'everything'
      ? `select r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolbypassrls, r.rolinherit, r.rolconfig
         from pg_roles r where r.rolname like '%' || current_database() || '%' or current_database() = 'postgres'`
      : `select r.rolname, r.rolcanlogin, r.rolbypassrls, r.rolconfig from pg_roles r
         where r.rolname not like 'backsaas\\_%' and r.rolname like '%' || current_database() || '%'`,
    where === 'everything' ? `select datacl from pg_database where datname = current_database()` : 'select 1',
    `select e.extname, e.extversion from pg_extension e`,
  ]
  const texts: string[] = []
  for (const part of parts) {
    const rows = await test.sql(`select x::text from (${part}) x order by 1`)
    texts.push(rows.map(([row]) => row).join('\n'))
  }
  return texts.join('\n--\n')
}
