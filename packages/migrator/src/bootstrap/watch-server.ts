/** What a migrator has to know of the server that Postgres tells privileged logins alone: asked as the URL's login. */
import { identifier } from '../plan/quote.ts'
import type { Roles } from '../plan/row-security.ts'

interface Watcher {
  readonly signature: string
  readonly statement: string
}

/** Transactions that have used one of these tables for longer than that, the oldest first. */
const LOCK_HOLDERS: Watcher = {
  signature: 'backsaas.lock_holders(text[], interval)',
  statement: `create or replace function backsaas.lock_holders(in_tables text[], in_age interval)
     returns table (pid text, login text, seconds text, application text)
     language sql stable security definer set search_path = pg_catalog, pg_temp as $holders$
       select a.pid::text, a.usename::text, floor(extract(epoch from clock_timestamp() - a.xact_start))::text, a.application_name
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'relation' and l.database = (select oid from pg_database where datname = current_database())
         and l.relation = any (select to_regclass(t)::oid from unnest(in_tables) t) and a.pid <> pg_backend_pid()
         and a.xact_start < clock_timestamp() - in_age and a.backend_type = 'client backend'
       order by a.xact_start
     $holders$`,
}

/**
 * How many seconds the replica that is furthest behind has yet to replay; null where none is behind, and where the login of the URL may not
 * know either (it is no superuser, and not of `pg_read_all_stats`).
 */
const REPLICA_LAG: Watcher = {
  signature: 'backsaas.replica_lag()',
  statement: `create or replace function backsaas.replica_lag() returns text
     language sql stable security definer set search_path = pg_catalog, pg_temp as $lag$
       select floor(extract(epoch from max(replay_lag)))::text from pg_stat_replication
     $lag$`,
}

/** Statements for the login of the URL itself, whose rights the functions have. */
export function watchServer({ owner }: Pick<Roles, 'owner'>): string[] {
  return [LOCK_HOLDERS, REPLICA_LAG].flatMap(({ signature, statement }) => [
    statement,
    `revoke all on function ${signature} from public`,
    `grant execute on function ${signature} to ${identifier(owner)}`,
  ])
}
