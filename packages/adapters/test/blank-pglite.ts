/** A PGlite in memory that holds nothing. To make one takes seconds, so the first of each version is kept for all who come later. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PgliteDatabase, pglite } from '../src/databases/pglite/pglite.ts'

const FOLDER = fileURLToPath(new URL('../../../node_modules/.cache/backsaas', import.meta.url))

/** @example const database = await openBlankPglite() */
export async function openBlankPglite(): Promise<PgliteDatabase> {
  return pglite(undefined, { loadDataDir: await readBlank() })
}

async function readBlank(): Promise<Blob> {
  const path = join(FOLDER, `blank-pglite-${pgliteVersion()}.tar`)
  if (existsSync(path)) return new Blob([readFileSync(path)])
  const database = pglite()
  const dump = await database.dump()
  await database.close?.()
  mkdirSync(FOLDER, { recursive: true })
  // Others may write the same at the same time.
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, Buffer.from(await dump.arrayBuffer()))
  renameSync(draft, path)
  return dump
}

function pgliteVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const { version }: { version: string } = JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8'))
  return version
}
