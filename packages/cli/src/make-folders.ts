/** A folder, and those above it. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes what is missing, one by one: Node's own recursive form never returns below a file system that knows no folders,
 * such as /proc.
 *
 * @throws the system's error, or one that names the file that is where a folder should be.
 * @example makeFolders('dump/today')
 */
export function makeFolders(path: string): void {
  const missing: string[] = []
  let present = resolve(path)
  while (!existsSync(present)) {
    missing.push(present)
    present = dirname(present)
  }
  if (!statSync(present).isDirectory()) throw new Error(`${present} is a file`)
  accessSync(present, constants.W_OK)
  for (const folder of missing.reverse()) mkdirSync(folder)
}
