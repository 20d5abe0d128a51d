/** `backsaas parked`: tables that no version has any more, and their end. */

import { BackSaasError } from '@backsaas/core'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'

interface ParkedOptions extends DatabaseOptions {
  readonly drop?: string
  readonly confirm?: string
}

/** Adds the command to `program`. */
export function addParked(program: Command, io: Io): void {
  const command = program
    .command('parked')
    .description('List the tables that migrations have put aside, or drop one for good.')
    .option('--drop <table>', 'one of them, by its name')
    .option('--confirm <table>', 'its name once more: its rows are lost')
    .addHelpText('after', HELP)
  withDatabase(command).action((options: ParkedOptions) => parked(options, io))
}

async function parked({ drop, confirm, ...options }: ParkedOptions, io: Io): Promise<void> {
  const { dropParkedTable, parkedTables } = await import('@backsaas/migrator')
  if (drop === undefined) {
    const tables = await useDatabase(options.database, parkedTables)
    if (options.json) io.out(JSON.stringify(tables))
    else io.out(tables.length === 0 ? 'no table was put aside' : tables.map(tableLine).join('\n'))
    return
  }
  if (confirm !== drop) {
    throw new BackSaasError('TOKEN_NEEDED', 409, `the rows of ${drop} would be lost for good`, {
      hint: `say its name once more: --confirm '${drop}'`,
    })
  }
  await useDatabase(options.database, (database) => dropParkedTable(database, drop))
  io.out(options.json ? JSON.stringify({ dropped: drop }) : `${drop} is dropped`)
}

function tableLine(table: {
  readonly name: string
  readonly schema: string
  readonly entity: string
  readonly parkedAt: string
  readonly rows: number
}): string {
  return `${table.name}  ${table.entity} of ${table.schema}, about ${table.rows} rows, since ${table.parkedAt}`
}

const HELP = `
Examples:
  backsaas parked
  backsaas parked --drop 'store.parked_2_notes' --confirm 'store.parked_2_notes'`
