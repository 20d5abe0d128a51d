/** `communication.webhook`: tells another system of a change, signed by Standard Webhooks. https://www.standardwebhooks.com */
import { BackSaasError, defineFunction, type FunctionContext, type FunctionDefinition } from '@backsaas/core'
import { Webhook } from 'standardwebhooks'
import * as v from 'valibot'

const VERBS: Readonly<Record<string, string>> = { create: 'created', update: 'updated', delete: 'deleted' }

const endpoint = v.strictObject({
  url: v.pipe(v.string(), v.url(), v.maxLength(2000), v.description('Where it is sent, by POST.')),
  secret: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z0-9_]{0,99}$/),
      v.description('The name of the secret that signs it; the name of the endpoint unless given.'),
    ),
  ),
})

const settings = v.strictObject({
  endpoints: v.pipe(v.record(v.string(), endpoint), v.description('By name: where webhooks go.')),
})

export const webhook: FunctionDefinition = defineFunction({
  name: 'communication.webhook',
  kind: 'hook',
  needs: 'network',
  description:
    'Sends the row to an endpoint, signed, with the same id at every attempt. The receiver answers 2xx; all else is tried again.',
  moments: ['after_create', 'after_update', 'after_delete'],
  settings,
  hosts: (given) => {
    const parsed = v.safeParse(settings, given)
    return parsed.success ? Object.values(parsed.output.endpoints).map(({ url }) => new URL(url).hostname) : []
  },
  params: v.strictObject({
    endpoint: v.pipe(v.string(), v.minLength(1), v.description('One of the endpoints of `functions:`.')),
    fields: v.optional(
      v.pipe(v.array(v.string()), v.minLength(1), v.description('The fields that are sent; all unless given.')),
    ),
  }),
  check({ fields = [] }, { entity, entities }) {
    return fields.flatMap((field, index) =>
      entities[entity]?.[field]
        ? []
        : [{ path: ['fields', index], message: `\`${entity}\` has no field \`${field}\`` }],
    )
  },
  async run(context, row, { endpoint: name, fields }) {
    const { url, secret = name } = endpointOf(context, name)
    const data = fields ? Object.fromEntries(fields.map((field) => [field, row[field] ?? null])) : row
    const { entity, action, schema } = context.operation
    const at = new Date(context.now)
    const body = JSON.stringify({ type: `${schema}.${entity}.${VERBS[action]}`, timestamp: at.toISOString(), data })
    const signed = sign(await context.secret(secret), context.id, at, body)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'BackSaaS',
      'webhook-id': context.id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signed,
    }
    const { status } = await context.http({ url, method: 'POST', headers, body, timeoutMs: 10_000, maxBytes: 1_024 })
    if (status >= 200 && status < 300) return { status }
    // Whatever it says against it, an endpoint may be mended: only 410 says that it is gone for good.
    throw new BackSaasError('WEBHOOK_REFUSED', status === 410 ? 410 : 503, `the endpoint ${name} answered ${status}`)
  },
})

function endpointOf({ settings: given }: FunctionContext, name: string): v.InferOutput<typeof endpoint> {
  const parsed = v.safeParse(settings, given)
  const endpoints = parsed.success ? parsed.output.endpoints : {}
  const found = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined
  if (found) return found
  throw new BackSaasError('WEBHOOK_UNKNOWN', 422, `there is no endpoint ${name}`, {
    hint: 'Name it under functions: communication.webhook: endpoints.',
  })
}

/** @throws `SECRET_INVALID` (422) where the secret is none that signs. */
function sign(secret: string, id: string, at: Date, body: string): string {
  try {
    return new Webhook(secret).sign(id, at, body)
  } catch (cause) {
    throw new BackSaasError('SECRET_INVALID', 422, 'the secret of the endpoint is not in base64', {
      hint: 'Give 24 to 64 random bytes in base64, perhaps behind whsec_.',
      cause,
    })
  }
}
