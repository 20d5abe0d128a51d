/** The way of letters: over SMTP on Node, by whoever composes the server. */

export interface Letter {
  readonly from: string
  readonly to: readonly string[]
  readonly replyTo?: string
  readonly subject: string
  readonly text?: string
  readonly html?: string
  /** Beside those that the letter has of itself; none that breaks a line. */
  readonly headers?: Readonly<Record<string, string>>
  /** The same for every attempt: it becomes the letter's `Message-ID`. */
  readonly id: string
}

/**
 * @returns what the server calls the letter.
 * @throws `BackSaasError`: `MAIL_FAILED` (503) where it may go another time; `MAIL_REFUSED` (422) where it may not.
 */
export type Mailer = (letter: Letter, signal: AbortSignal) => Promise<{ readonly id: string }>
