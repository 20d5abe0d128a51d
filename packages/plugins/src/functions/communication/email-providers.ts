/** Providers of e-mail by HTTP: what each is sent for a letter. */
import type { Letter } from '@backsaas/core'

export const PROVIDERS = ['resend', 'postmark'] as const
export type Provider = (typeof PROVIDERS)[number]

export interface ProviderRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function isProvider(name: string): name is Provider {
  return (PROVIDERS as readonly string[]).includes(name)
}

const NO_LETTER: Letter = { id: '', from: '', to: [], subject: '' }

/**
 * https://resend.com/docs/api-reference/emails/send-email and https://postmarkapp.com/developer/api/email-api
 *
 * @example providerRequest('resend', letter, key)
 */
export function providerRequest(provider: Provider, letter: Letter = NO_LETTER, key = ''): ProviderRequest {
  const { id, from, to, replyTo, subject, text, html } = letter
  switch (provider) {
    case 'resend':
      return {
        url: 'https://api.resend.com/emails',
        headers: { authorization: `Bearer ${key}`, 'idempotency-key': id },
        body: JSON.stringify({ from, to, subject, text, html, reply_to: replyTo }),
      }
    case 'postmark':
      return {
        url: 'https://api.postmarkapp.com/email',
        headers: { 'x-postmark-server-token': key },
        body: JSON.stringify({
          ...{ From: from, To: to.join(','), Subject: subject, TextBody: text, HtmlBody: html, ReplyTo: replyTo },
          Headers: [{ Name: 'X-Idempotency-Key', Value: id }],
        }),
      }
  }
}
