/** Where the platform's schema is read from: `schemas/platform.yaml` of the repository, or the copy in a package. */
import { readFile } from 'node:fs/promises'
import { BackSaasError } from '@backsaas/core'

/** The copy first: above an installed package is not the repository. */
const PLACES = ['../platform.yaml', '../../../../schemas/platform.yaml']

/** @throws `PLATFORM_SCHEMA_MISSING` (500) where the package is incomplete. */
export async function readPlatformFile(): Promise<string> {
  for (const place of PLACES) {
    try {
      return await readFile(new URL(place, import.meta.url), 'utf8')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
  throw new BackSaasError('PLATFORM_SCHEMA_MISSING', 500, 'platform.yaml is not in this installation', {
    hint: 'build @backsaas/migrator again: its build copies the file',
  })
}
