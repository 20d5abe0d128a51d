/** Letters over SMTP, by nodemailer: for Node. */
import { BackSaasError, type Mailer } from '@backsaas/core'
import { createTransport } from 'nodemailer'

export interface SmtpOptions {
  /** Addresses, or domains as `@example.com`, that letters may be from; any unless given. */
  readonly senders?: readonly string[]
  /** For the connection, the greeting, and any silence. Default 10,000. */
  readonly timeoutMs?: number
}

/**
 * @param url `smtps://user:password@smtp.example.com`, or `smtp://…:587`, which turns to TLS where the server offers it.
 * @throws of its mailer: `MAIL_FAILED` (503) where nobody answers or it may go another time, `MAIL_REFUSED` (422) where it may not.
 * @example const mail = smtp(process.env.BACKSAAS_SMTP_URL, { senders: ['@example.com'] })
 */
export function smtp(url: string, { senders, timeoutMs = 10_000 }: SmtpOptions = {}): Mailer {
  const transport = createTransport({
    ...optionsOf(url),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
  return async ({ id, from, to, replyTo, subject, text, html, headers }) => {
    const domain = from.slice(from.lastIndexOf('@') + 1).toLowerCase()
    if (senders && !senders.some((one) => one === from || one === `@${domain}`))
      throw new BackSaasError('MAIL_REFUSED', 422, `this server sends no letters from ${from.slice(0, 320)}`)
    try {
      const sent = await transport.sendMail({
        ...{ from, to: [...to], subject, messageId: `<${id}@${domain}>` },
        ...(replyTo !== undefined && { replyTo }),
        ...(text !== undefined && { text }),
        ...(html !== undefined && { html }),
        ...(headers && { headers: { ...headers } }),
      })
      return { id: String(sent.messageId) }
    } catch (cause) {
      throw translate(cause)
    }
  }
}

/** Of a URL, as the transport takes them beside others. */
function optionsOf(url: string): {
  host: string
  port: number
  secure: boolean
  auth?: { user: string; pass: string }
} {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (!parsed || !['smtp:', 'smtps:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new BackSaasError('OPTIONS_INVALID', 500, 'the URL of the SMTP server is none', {
      hint: 'smtps://user:password@smtp.example.com',
    })
  const secure = parsed.protocol === 'smtps:'
  const user = decodeURIComponent(parsed.username)
  return {
    ...{ host: parsed.hostname.replace(/^\[|\]$/g, ''), port: Number(parsed.port) || (secure ? 465 : 587), secure },
    ...(user !== '' && { auth: { user, pass: decodeURIComponent(parsed.password) } }),
  }
}

/** What a server answers with 5xx is for good; but for what is wrong between it and us, which may be mended. */
function translate(cause: unknown): BackSaasError {
  const { responseCode, code } = cause as { responseCode?: number; code?: string } // as nodemailer's errors have them
  const isFinal = responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH'
  return new BackSaasError(
    isFinal ? 'MAIL_REFUSED' : 'MAIL_FAILED',
    isFinal ? 422 : 503,
    isFinal
      ? `the SMTP server refused the letter (${responseCode})`
      : `the letter could not be sent (${code ?? 'unknown'})`,
    { cause },
  )
}
