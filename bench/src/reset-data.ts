/** Both sides' tables as they were loaded: what writes have left would make later reads slower, and not equally. */
import type { Sql } from 'postgres'
import type { Tables } from './data.ts'

/** The emails of contacts that the benchmark inserts begin with it; those that it has loaded begin with `p`. */
export const NEW_EMAIL = 'n'

/** Removes inserted contacts, gives changed ones their values again, and vacuums. */
export async function resetData(sql: Sql, tables: readonly Tables[]): Promise<void> {
  for (const { contacts } of tables) {
    await sql.unsafe(`delete from ${contacts} where email like '${NEW_EMAIL}%'`)
    await sql.unsafe(`
      update ${contacts} set last_name = 'Last' || substr(first_name, 6), score = substr(first_name, 6)::int / 10 % 100, revision = 1
      where revision > 1`)
  }
  await tidy(sql, tables)
}

/** Without this, dead rows gather in the tables of who is faster. */
export async function tidy(sql: Sql, tables: readonly Tables[]): Promise<void> {
  for (const { contacts } of tables) await sql.unsafe(`vacuum (analyze) ${contacts}`)
}
