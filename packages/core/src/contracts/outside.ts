/** What the composer of a server lends to functions that need the network. */
import type { Sealed } from '../secrets/seal.ts'
import type { HttpClient } from './http-client.ts'
import type { Mailer } from './mailer.ts'

export interface Outside {
  /** One that reaches nothing inside: `safeHttp()` of @backsaas/migrator on Node. */
  readonly http?: HttpClient
  /** `smtp(…)` of @backsaas/plugins/functions/smtp on Node. */
  readonly mail?: Mailer
  /** @example openSecret: (sealed, place) => openSecret(keys, sealed, place) */
  openSecret?(sealed: Sealed, place: string): Promise<string>
}
