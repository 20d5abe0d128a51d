/** How much of everything: what fits in CI, or `npm run torture` with what its flags say. */
export const FULL: boolean = process.env.BACKSAAS_TORTURE === '1'

/** Acknowledged by ledgers, half of them in the stories of one change and half over all kinds of change. */
export const TRANSACTIONS: number = size('TRANSACTIONS', 200_000, 4500)

/** Of the table whose backfill is killed. */
export const ROWS: number = size('ROWS', 200_000, 15_000)

/** Times that the migrator, and its backend, are killed inside a range of that table. */
export const KILLS: number = size('KILLS', 5, 1)

function size(name: string, full: number, ci: number): number {
  return Number(process.env[`BACKSAAS_TORTURE_${name}`] ?? (FULL ? full : ci))
}
