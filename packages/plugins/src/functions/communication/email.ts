/** `communication.email`: a letter made of a template, over the server's SMTP or a provider's HTTP. */
import {
  BackSaasError,
  defineFunction,
  type FunctionContext,
  type FunctionDefinition,
  type Letter,
} from '@backsaas/core'
import * as v from 'valibot'
import { missingFields } from '../missing-fields.ts'
import { isProvider, PROVIDERS, providerRequest } from './email-providers.ts'
import { fillTemplate } from './fill-template.ts'

const ADDRESS = /^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\]{1,255}$/
const address = v.pipe(v.string(), v.regex(ADDRESS, 'Expected an e-mail address'))

const template = v.strictObject({
  subject: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(500),
    v.description('`{{field}}` stands for a value, here and below.'),
  ),
  text: v.optional(v.pipe(v.string(), v.maxLength(100_000), v.description('As plain text.'))),
  html: v.optional(v.pipe(v.string(), v.maxLength(100_000), v.description('As HTML; values are escaped.'))),
})

const settings = v.strictObject({
  from: v.pipe(address, v.description('Whom letters are from.')),
  reply_to: v.optional(v.pipe(address, v.description('Whom answers go to.'))),
  provider: v.optional(
    v.pipe(v.picklist(['smtp', ...PROVIDERS]), v.description("`smtp` is the server's own.")),
    'smtp',
  ),
  url: v.optional(v.pipe(v.string(), v.url(), v.maxLength(2000), v.description("In place of the provider's own URL."))),
  secret: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z0-9_]{0,99}$/),
      v.description("The name of the secret that is the provider's key."),
    ),
    'email',
  ),
  templates: v.pipe(v.record(v.string(), template), v.description('By name: `{ subject, text, html }`.')),
})

type Settings = v.InferOutput<typeof settings>

export const email: FunctionDefinition = defineFunction({
  name: 'communication.email',
  kind: 'hook',
  needs: 'network',
  description:
    'Sends a letter made of a template. It has the same id at every attempt: as its Message-ID over SMTP, as idempotency key where the provider knows that.',
  moments: ['after_create', 'after_update', 'after_delete'],
  settings,
  hosts(given) {
    const { success, output } = v.safeParse(settings, given)
    if (!success || !isProvider(output.provider)) return []
    return [new URL(output.url ?? providerRequest(output.provider).url).hostname]
  },
  params: v.strictObject({
    template: v.pipe(v.string(), v.minLength(1), v.description('One of the templates of `functions:`.')),
    to: v.pipe(
      v.string(),
      v.minLength(1),
      v.description('The field that holds the address, or an address; where the field is null, nothing is sent.'),
    ),
  }),
  check: ({ to }, place) => (ADDRESS.test(to) ? [] : missingFields([to], ['to'], place)),
  async run(context, row, { template: name, to }) {
    const set = settingsOf(context)
    const receiver = ADDRESS.test(to) ? to : (row[to] ?? null)
    if (receiver === null) return { sent: 0 }
    if (typeof receiver !== 'string' || !ADDRESS.test(receiver))
      throw new BackSaasError('MAIL_REFUSED', 422, `the field ${to} holds no e-mail address`)
    const letter = makeLetter(context, row, set, name, receiver)
    const { provider } = set
    if (isProvider(provider)) await post(context, provider, set, letter)
    else await context.mail(letter)
    return { sent: 1 }
  },
})

/** @throws `FUNCTION_SETTINGS` (422) where nobody has said how letters are sent. */
function settingsOf({ settings: given }: FunctionContext): Settings {
  const parsed = v.safeParse(settings, given)
  if (parsed.success) return parsed.output
  throw new BackSaasError('FUNCTION_SETTINGS', 422, 'nothing says whom letters are from, and what they say', {
    hint: 'functions: communication.email: { from, templates }',
  })
}

function makeLetter(
  context: FunctionContext,
  row: Parameters<typeof fillTemplate>[2],
  { from, reply_to, templates }: Settings,
  name: string,
  to: string,
): Letter {
  const found = Object.hasOwn(templates, name) ? templates[name] : undefined
  if (!found)
    throw new BackSaasError('TEMPLATE_UNKNOWN', 422, `there is no template ${name}`, {
      hint: 'Name it under functions: communication.email: templates.',
    })
  // A value with a line break in it would become a header.
  const subject = fillTemplate(found.subject, context, row)
    .replaceAll(/[\r\n\u2028\u2029\0]+/g, ' ')
    .slice(0, 500)
  return {
    ...{ id: context.id, from, to: [to], subject },
    ...(reply_to !== undefined && { replyTo: reply_to }),
    ...(found.text !== undefined && { text: fillTemplate(found.text, context, row) }),
    ...(found.html !== undefined && { html: fillTemplate(found.html, context, row, 'html') }),
  }
}

async function post(
  context: FunctionContext,
  provider: (typeof PROVIDERS)[number],
  { url, secret }: Settings,
  letter: Letter,
): Promise<void> {
  const key = await context.secret(secret)
  const asked = providerRequest(provider, letter, key)
  const { status } = await context.http({
    ...{ url: url ?? asked.url, method: 'POST', body: asked.body, timeoutMs: 10_000, maxBytes: 4_096 },
    headers: { 'content-type': 'application/json', accept: 'application/json', ...asked.headers },
  })
  if (status >= 200 && status < 300) return
  // A key that is wrong or a sender that is not known may be mended; a letter that is none may not.
  const isFinal = status === 400 || status === 413 || status === 422
  throw new BackSaasError('MAIL_REFUSED', isFinal ? 422 : 503, `the provider of letters answered ${status}`)
}
