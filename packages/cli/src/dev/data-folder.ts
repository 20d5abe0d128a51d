/** The folder in which everything of `backsaas dev` is kept. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackSaasError } from '@backsaas/core'
import { makeFolders } from '../make-folders.ts'

/**
 * Makes the folder, and makes sure that it can be written to.
 *
 * @throws `FOLDER_UNWRITABLE` (400) with the system's reason.
 * @example prepareFolder('/var/tmp/backsaas')
 */
export function prepareFolder(folder: string): void {
  const trial = join(folder, '.trial')
  try {
    makeFolders(folder)
    writeFileSync(trial, '')
    rmSync(trial)
  } catch (cause) {
    throw new BackSaasError('FOLDER_UNWRITABLE', 400, `cannot write to the folder ${folder}: ${reasonOf(cause)}`, {
      hint: 'set BACKSAAS_DATA to a folder that can be written to',
      cause,
    })
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause ? String(cause.code) : cause.message
}
