/** A file as text, or a clear reason why not. */
import { readFileSync } from 'node:fs'
import { BackSaasError } from '@backsaas/core'

/**
 * @throws `FILE_UNREADABLE` (400) with the system's reason.
 * @example const yaml = readText('crm.yaml')
 */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const said = REASONS[reason] ?? reason
    throw new BackSaasError('FILE_UNREADABLE', 400, `cannot read ${path}: ${said}`, { cause })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
}
