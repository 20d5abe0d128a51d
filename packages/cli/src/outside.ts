/** What functions may use of the world outside, as the environment of a process says it. */
import { type Mailer, type Outside, openSecret, readSecretKeys, type SecretKeys } from '@backsaas/core'
import type { Io } from './io.ts'

export interface OwnOutside {
  /** For a runtime. */
  readonly outside: Outside
  /** For the worker of functions. */
  readonly worker: {
    readonly http: NonNullable<Outside['http']>
    readonly mail?: Mailer
    readonly secrets?: SecretKeys
  }
}

/**
 * `BACKSAAS_SECRET_KEYS` open secrets; `BACKSAAS_SMTP_URL` sends letters, from `BACKSAAS_SMTP_SENDERS` alone where that is set;
 * `BACKSAAS_FUNCTIONS_ALLOW` names addresses inside that may be reached. Of lists, commas stand between their members.
 *
 * @throws `SECRET_KEY_INVALID`, `OPTIONS_INVALID` (500).
 * @example const { outside, worker } = await readOutside(io.env)
 */
export async function readOutside(env: Io['env'], allow: readonly string[] = []): Promise<OwnOutside> {
  const { safeHttp } = await import('@backsaas/migrator')
  const secrets = await readSecretKeys(env.BACKSAAS_SECRET_KEYS ?? '')
  const http = safeHttp({ allow: [...allow, ...listOf(env.BACKSAAS_FUNCTIONS_ALLOW)] })
  const mail = env.BACKSAAS_SMTP_URL ? await openMail(env.BACKSAAS_SMTP_URL, listOf(env.BACKSAAS_SMTP_SENDERS)) : null
  return {
    outside: {
      http,
      ...(mail && { mail }),
      ...(secrets && { openSecret: (sealed, place) => openSecret(secrets, sealed, place) }),
    },
    worker: { http, ...(mail && { mail }), ...(secrets && { secrets }) },
  }
}

async function openMail(url: string, senders: readonly string[]): Promise<Mailer> {
  const { smtp } = await import('@backsaas/plugins/functions/smtp')
  return smtp(url, senders.length > 0 ? { senders } : {})
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
}
