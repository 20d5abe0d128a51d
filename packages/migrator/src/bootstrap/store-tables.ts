/** What the databases of one platform know of each other: which is which, and which tenants' states have not arrived everywhere. */
export const STORE_TABLES: readonly string[] = [
  // Of which platform this is a database, and under which name; without one it is the one that has the registry.
  `create table if not exists backsaas.identity (
     one int primary key default 1 check (one = 1), platform_id uuid not null, name text)`,
  `insert into backsaas.identity (platform_id) values (gen_random_uuid()) on conflict do nothing`,
  // In the registry's: what the fence of another database has yet to be told. Only ever added to and taken from, so that who changes a
  // state waits for nobody who is telling one.
  `create table if not exists backsaas.fence_pending (
     id bigint generated always as identity primary key, tenant_id uuid not null, database text not null)`,
]
