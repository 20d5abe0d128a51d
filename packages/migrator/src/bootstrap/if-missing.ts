/** Statements of bootstrap that ask the catalogue first: `if not exists` locks a table before it looks, and every start would. */
import { literal } from '../plan/quote.ts'

/**
 * @param table qualified and quoted.
 * @param columns each as its definition begins, with its name.
 */
export function addColumns(table: string, columns: Readonly<Record<string, string>>): string {
  const names = Object.keys(columns)
  const added = Object.entries(columns).map(([name, definition]) => `add column if not exists ${name} ${definition}`)
  const found = `(select count(*) from pg_attribute where attrelid = ${literal(table)}::regclass
      and attname in (${names.map(literal).join(', ')}) and not attisdropped)`
  return unless(`${found} = ${names.length}`, `alter table ${table} ${added.join(', ')}`)
}

/** @param index qualified and quoted. */
export function addIndex(index: string, statement: string): string {
  return unless(`to_regclass(${literal(index)}) is not null`, statement)
}

/** @param index qualified and quoted. */
export function dropIndex(index: string): string {
  return unless(`to_regclass(${literal(index)}) is null`, `drop index ${index}`)
}

function unless(condition: string, statement: string): string {
  return `do $missing$ begin if not (${condition}) then ${statement}; end if; end $missing$`
}
