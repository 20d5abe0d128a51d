/** The folder in which everything of `backsaas dev` is kept. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackSaasError } from '@backsaas/core'

/**
 * Makes the folder, and makes sure that it can be written to.
 *
 * @throws `FOLDER_UNWRITABLE` (400) with the system's reason.
 * @example prepareFolder('/var/tmp/backsaas')
 */
export function prepareFolder(folder: string): void {
  const trial = join(folder, '.trial')
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(trial, '')
    rmSync(trial)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new BackSaasError('FOLDER_UNWRITABLE', 400, `cannot write to the folder ${folder}: ${reason}`, {
      hint: 'set BACKSAAS_DATA to a folder that can be written to',
      cause,
    })
  }
}
