/** Functions that reach outside before a write, for the tests of what a context lends. */
import { BackSaasError, defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'

/** @param hosts that `desk.ask` may reach. */
export function deskFunctions(hosts: readonly string[]): readonly FunctionDefinition[] {
  const ask = defineFunction({
    name: 'desk.ask',
    kind: 'validate',
    needs: 'network',
    description: 'Refuses a URL that does not answer.',
    hosts: () => hosts,
    params: v.strictObject({}),
    async run(context, url) {
      const secret = await context.secret('signing')
      const { status } = await context.http({ url: String(url), headers: { 'x-secret': secret }, timeoutMs: 1_000 })
      return status === 200 ? null : { code: 'answer', detail: `answers ${status}` }
    },
  })
  const tell = defineFunction({
    name: 'desk.tell',
    kind: 'hook',
    needs: 'writes',
    description: 'Publishes an event now, and another a moment later.',
    moments: ['before_create'],
    params: v.strictObject({}),
    run({ events, now }, row) {
      events.publish('desk.asked', { url: row.url ?? null }, 'asked/now')
      events.schedule(now + 300, 'desk.reminded', { url: row.url ?? null }, 'asked/later')
      if (row.answer === 'own') events.publish('tenant.suspended', {})
      if (row.answer === 'refused')
        throw new BackSaasError('FUNCTION_REFUSED', 422, 'no', {
          errors: [{ pointer: '/answer', code: 'no', detail: 'is refused' }],
        })
      return undefined
    },
  })
  const wait = defineFunction({
    name: 'desk.wait',
    kind: 'validate',
    needs: 'reads',
    description: 'Takes its time.',
    params: v.strictObject({}),
    async run(_, ms) {
      await new Promise((resolve) => setTimeout(resolve, Number(ms)))
      return null
    },
  })
  return [ask, tell, wait]
}
