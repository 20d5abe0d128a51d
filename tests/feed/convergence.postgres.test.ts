/**
 * However the history of events comes over the bus (in another order, twice, in part, or forged) a runtime ends in the
 * state of the registry: the bus is a hint.
 */
import { memory } from '@backsaas/adapters/buses/memory'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Bus, Event } from '@backsaas/core'
import { createKey, migrate, resumeTenant, revokeKey, suspendTenant } from '@backsaas/migrator'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEvents } from '../events/read-events.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const STORE = 'backsaas_00000000000070008000000000000003'
const TENANTS = 3

let fixture: Fixture
let runtime: Runtime
let bus: Bus
let newest = 1
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [document(1)] })
  bus = memory({ onError: () => undefined })
  runtime = createRuntime({ database: postgres(String(fixture.url)), bus, beat: { leaseMs: 300 } })
  await runtime.ready()
})
afterAll(async () => {
  await runtime?.close()
  await bus?.close?.()
  await fixture?.close()
})

/** Version n has n fields: f1, f2, … */
function document(version: number): string {
  const fields = Array.from({ length: version }, (_, i) => `f${i + 1}: { type: integer }`).join(', ')
  return `schema: moved\nentities:\n  things:\n    fields: { ${fields} }\n`
}

type Step =
  | { readonly do: 'publish' }
  | { readonly do: 'suspend' | 'resume' | 'pin' | 'newKey' | 'revokeKey' | 'ask'; readonly tenant: number }

const tenant = fc.nat(TENANTS - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('publish' as const) }),
  fc.record({
    do: fc.constantFrom('suspend', 'resume', 'pin', 'newKey', 'revokeKey', 'ask', 'ask') as fc.Arbitrary<'ask'>,
    tenant,
  }),
)

/** What is made of the history: each number picks an event of it, again or never; some are forged. */
const delivery = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ pick: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ forged: fc.nat(1000) }) },
  ),
  { maxLength: 40 },
)

interface Known {
  readonly caller: Caller
  keys: { key: string; prefix: string; revoked: boolean }[]
}

test('any permutation, duplication or loss of a history ends in the same state as the registry has', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 12 }),
      delivery,
      fc.array(fc.boolean(), { maxLength: 12 }),
      async (steps, deliveries, early) => {
        const known: Known[] = []
        for (let i = 0; i < TENANTS; i++) {
          const caller = await fixture.newTenant()
          expect((await caller.post('/things', { f1: 1 })).status).toBe(201)
          known.push({ caller, keys: [{ key: caller.key, prefix: caller.key.split('_')[2] ?? '', revoked: false }] })
        }
        // All is known before anything happens: what is not remembered cannot be wrong.
        await expect.poll(() => states(known), { timeout: 8000, interval: 50 }).toEqual(await truth(known))
        const before = (await readEvents(fixture)).length
        const history = async () => (await readEvents(fixture)).slice(before) as unknown as readonly Event[] // as the envelopes they are
        for (const [i, one] of steps.entries()) {
          await take(one, known)
          // Some events come before the next step, when what they say is known of already.
          if (early[i]) await deliver(await history(), deliveries.slice(i, i + 3))
        }
        await deliver(await history(), deliveries)
        await expect.poll(() => states(known), { timeout: 8000, interval: 50 }).toEqual(await truth(known))
      },
    ),
    { numRuns: Number(process.env.CONVERGENCE_RUNS ?? 10), endOnFailure: true },
  )
}, 180_000)

async function take(one: Step, known: Known[]): Promise<void> {
  const { database } = fixture
  if (one.do === 'publish') {
    newest += 1
    await migrate(database, document(newest))
    return
  }
  const { caller, keys } = known[one.tenant] as Known // there are TENANTS of them
  const { slug, id } = caller
  switch (one.do) {
    case 'suspend':
      return suspendTenant(database, slug)
    case 'resume':
      return resumeTenant(database, slug)
    // What no event tells: whoever does it, the database notes it.
    case 'pin':
      await fixture.ownerQuery(
        `update ${STORE}.installs set version = greatest(1, version - 1) where tenant_id = '${id}' and profile = 'moved'`,
      )
      return
    case 'newKey': {
      const { key, prefix } = await createKey(database, { tenant: slug, name: 'more' })
      keys.push({ key, prefix, revoked: false })
      return
    }
    case 'revokeKey': {
      const last = keys.at(-1)
      if (!last || last.revoked) return
      await revokeKey(database, { tenant: slug, prefix: last.prefix })
      last.revoked = true
      return
    }
    case 'ask':
      await Promise.all(keys.map(({ key }) => ask(slug, key)))
  }
}

async function deliver(
  history: readonly Event[],
  deliveries: readonly ({ pick: number } | { forged: number })[],
): Promise<void> {
  const events = deliveries.flatMap((one): Event[] => {
    const picked = history[('pick' in one ? one.pick : one.forged) % Math.max(1, history.length)]
    if (!picked) return []
    if ('pick' in one) return [picked]
    return [
      {
        ...picked,
        id: crypto.randomUUID(),
        tenantid: crypto.randomUUID(),
        subject: crypto.randomUUID(),
        data: { tenant_id: 'nobody' },
      },
    ]
  })
  await bus.publish(events)
}

/** How many fields a row is shown with to each key, or the status that refuses. */
async function states(known: readonly Known[]): Promise<readonly unknown[]> {
  return Promise.all(
    known.map(async ({ caller, keys }) => [
      caller.slug,
      ...(await Promise.all(keys.map(({ key }) => ask(caller.slug, key)))),
    ]),
  )
}

/** No field is named: a name that is unknown would make the runtime look by itself. */
async function ask(slug: string, key: string): Promise<number> {
  const request = new Request(`http://localhost/t/${slug}/rest/v1/things?limit=1`, { headers: { apikey: key } })
  const response = await runtime.fetch(request)
  if (response.status !== 200) return response.status
  const [row] = (await response.json()) as readonly object[] // rows of things
  return 1000 + Object.keys(row ?? {}).filter((field) => /^f\d+$/.test(field)).length
}

/** The same, by the registry's rows. */
async function truth(known: readonly Known[]): Promise<readonly unknown[]> {
  return Promise.all(
    known.map(async ({ caller: { slug, id }, keys }) => {
      const [[status, version] = []] = await fixture.ownerQuery(
        `select t.status, i.version::text from ${STORE}.tenants t join ${STORE}.installs i on i.tenant_id = t.id
         where t.id = '${id}' and i.profile = 'moved'`,
      )
      // A suspended tenant's keys cannot be proven, unless they are remembered: both are refusals.
      return [
        slug,
        ...keys.map(({ revoked }) =>
          revoked ? 401 : status === 'suspended' ? expect.toBeOneOf([401, 403]) : 1000 + Number(version),
        ),
      ]
    }),
  )
}
