/** The folder in which everything of `backsaas dev` is kept. */
import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
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
    makeFolders(resolve(folder))
    writeFileSync(trial, '')
    rmSync(trial)
  } catch (cause) {
    throw new BackSaasError('FOLDER_UNWRITABLE', 400, `cannot write to the folder ${folder}: ${reasonOf(cause)}`, {
      hint: 'set BACKSAAS_DATA to a folder that can be written to',
      cause,
    })
  }
}

/** One by one: Node's own recursive form never returns below a file system that knows no folders, such as /proc. */
function makeFolders(folder: string): void {
  const missing: string[] = []
  let present = folder
  while (!existsSync(present)) {
    missing.push(present)
    present = dirname(present)
  }
  if (!statSync(present).isDirectory()) throw new Error(`${present} is a file`)
  accessSync(present, constants.W_OK)
  for (const one of missing.reverse()) mkdirSync(one)
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause ? String(cause.code) : cause.message
}
