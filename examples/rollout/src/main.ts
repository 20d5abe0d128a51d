/** Plays it: on DATABASE_URL, a database of its own, or else on a Postgres that is built in. */
import { pg } from '@backsaas/adapters/databases/pg'
import { pglite } from '@backsaas/adapters/databases/pglite'
import { rollOut } from './roll-out.ts'

const url = process.env.DATABASE_URL
const startedAt = performance.now()
const { lost, refused } = await rollOut(url ? pg(url) : pglite(), (line) =>
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${line}`),
)
console.log(`acknowledged and lost: ${lost.length}; answers other than 200 and 201: ${JSON.stringify(refused)}`)
