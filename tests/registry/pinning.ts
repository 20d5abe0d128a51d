/** Installs that are pinned: nothing moves them, whoever waits for them is told, and only those who may let them go. */
import { pinInstall, remindPins, startReminders } from '@backsaas/migrator'
import { describe, expect, test } from 'vitest'
import { type Lend, type RegistryCaller, SOON, schemaOf } from './start-registry.ts'

const LONG = { timeout: 40_000 } as const
const PIN = { profile: 'ledger', until: '30d', reason: 'their year ends' }
const NARROWED = schemaOf('ledger', 'more: { type: string }').replace(
  'title: { type: string }',
  'title: { type: string, max: 5 }',
)

interface Two {
  /** Who owns and has shared `ledger`, and who has it pinned at version 1. */
  readonly owner: RegistryCaller
  readonly pinned: RegistryCaller
}

export function pinning(lend: Lend): void {
  const install = async (caller: RegistryCaller): Promise<Record<string, unknown>> =>
    (await caller.get('/installs?profile=eq.ledger')).rows[0] ?? {}
  const version = async (caller: RegistryCaller): Promise<unknown> => (await install(caller)).version
  const told = async (caller: RegistryCaller): Promise<readonly Record<string, unknown>[]> =>
    (await caller.get('/events?type=like.install.*&order=time&select=type,data')).rows
  const typesOf = async (caller: RegistryCaller): Promise<unknown[]> => (await told(caller)).map(({ type }) => type)
  const migration = async (caller: RegistryCaller, id: unknown): Promise<Record<string, unknown>> =>
    (await caller.get(`/migrations?id=eq.${id}`)).rows[0] ?? {}
  const created = (caller: RegistryCaller, row: object) => async (): Promise<number> =>
    (await caller.tenant.post('/notes', row)).status

  async function two(): Promise<Two> {
    const [owner, pinned] = [await lend().newTenant(), await lend().newTenant()]
    expect((await owner.rpc('publish_schema', { source: schemaOf('ledger') })).status).toBe(201)
    await owner.send('PATCH', '/schemas?name=eq.ledger', { shared: true })
    const schema = `${owner.tenant.slug}/ledger`
    expect((await pinned.rpc('install_schema', { schema })).status).toBe(201)
    // What others share stays as other tests expect it.
    await owner.send('PATCH', '/schemas?name=eq.ledger', { shared: false })
    const answer = await pinned.rpc('pin_install', PIN)
    expect([answer.status, answer.row.version]).toEqual([200, 1])
    await expect.poll(created(pinned, { title: 'a' }), SOON).toBe(201)
    return { owner, pinned }
  }

  async function publish(owner: RegistryCaller, source: string): Promise<Record<string, unknown>> {
    const answer = await owner.rpc('publish_schema', { source })
    expect([200, 201]).toContain(answer.status)
    return answer.row
  }

  async function goLive(owner: RegistryCaller): Promise<unknown> {
    const { migration_id: id } = await publish(owner, NARROWED)
    await expect.poll(async () => (await migration(owner, id)).phase, LONG).toBe('live')
    return id
  }

  test('a pinned install stays under publication, migration and rollback, and its clients go on at its version', async () => {
    const { owner, pinned } = await two()
    const published = await publish(owner, schemaOf('ledger', 'more: { type: string }'))
    expect(published.pinned).toMatchObject({
      count: 1,
      samples: [{ tenant: pinned.tenant.slug, profile: 'ledger', version: 1, reason: PIN.reason, overdue: false }],
    })
    expect([await version(owner), await version(pinned)]).toEqual([2, 1])
    await expect.poll(created(owner, { title: 'a', more: 'b' }), SOON).toBe(201)
    expect(await created(pinned, { title: 'a', more: 'b' })()).toBe(400)
    expect(await created(pinned, { title: 'a' })()).toBe(201)

    const id = await goLive(owner)
    expect([await version(owner), await version(pinned)]).toEqual([3, 1])
    await expect.poll(created(owner, { title: 'longer than five' }), SOON).toBe(400)
    const late = await pinned.rpc('pin_install', { ...PIN, until: '1w' })
    expect([late.status, late.row.version]).toEqual([200, 1])

    expect((await owner.rpc('rollback_migration', { migration: id })).status).toBe(200)
    await expect.poll(async () => (await migration(owner, id)).phase, LONG).toBe('rolled_back')
    expect([await version(owner), await version(pinned)]).toEqual([2, 1])
    expect(await created(pinned, { title: 'longer than five' })()).toBe(201)
  })

  test('the contract waits for a pinned install, says for whom, and goes on by itself', async () => {
    const { owner, pinned } = await two()
    const id = await goLive(owner)
    expect((await owner.rpc('continue_migration', { migration: id, contract: true, now: true })).status).toBe(200)
    await expect.poll(async () => (await migration(owner, id)).state, LONG).toBe('waiting')
    const { problem, phase } = await migration(owner, id)
    expect(problem).toMatchObject({
      code: 'INSTALLS_PINNED',
      count: 1,
      samples: [{ tenant: pinned.tenant.slug, profile: 'ledger', version: 1, reason: PIN.reason }],
    })
    expect((problem as { message: string }).message).toContain(
      `${pinned.tenant.slug} (ledger at version 1 until ${String((await install(pinned)).pinned_until).slice(0, 10)}`,
    )
    expect(phase).not.toBe('done')
    expect(await created(pinned, { title: 'one' })()).toBe(201)
    const unpinned = await pinned.rpc('unpin_install', { profile: 'ledger' })
    expect([unpinned.status, unpinned.body]).toMatchObject([200, { version: 2, unpinned: true, moved: true }])
    await expect.poll(async () => (await migration(owner, id)).phase, LONG).toBe('done')
    await expect.poll(created(pinned, { title: 'longer than five' }), SOON).toBe(400)
  })

  test('newer versions are published over a contract that waits; it goes on by itself, and is not taken back', async () => {
    const { owner, pinned } = await two()
    const id = await goLive(owner)
    const over = (max: number): string =>
      NARROWED.replace('max: 5 }', `max: ${max} }`).replace('more:', 'again: { type: string }\n      more:')
    const asked = await publish(owner, over(5))
    expect(asked).toMatchObject({ version: 3, pinned: { count: 1 } })
    expect([await version(owner), await version(pinned)]).toEqual([3, 1])
    const back = await owner.rpc('rollback_migration', { migration: id })
    expect([back.status, back.row.code]).toEqual([409, 'ROLLBACK_BUILT_UPON'])
    await expect.poll(created(owner, { title: 'a', again: 'b' }), SOON).toBe(201)
    expect(await created(pinned, { title: 'longer than five' })()).toBe(400)

    await owner.rpc('continue_migration', { migration: id, contract: true, now: true })
    await expect.poll(async () => (await migration(owner, id)).state, LONG).toBe('waiting')
    expect(await publish(owner, over(50))).toMatchObject({ version: 4 })
    await expect.poll(created(owner, { title: 'longer than five', again: 'b' }), SOON).toBe(201)
    const unpinned = await pinned.rpc('unpin_install', { profile: 'ledger' })
    expect(unpinned.body).toMatchObject({ version: 4, moved: true })
    await expect.poll(async () => (await migration(owner, id)).phase, LONG).toBe('done')
    await expect.poll(created(pinned, { title: 'longer than five', again: 'b' }), SOON).toBe(201)
  })

  test('contracts that wait take nobody’s turn', async () => {
    const waiting = await Promise.all(
      [1, 2].map(async () => {
        const { owner, pinned } = await two()
        const id = await goLive(owner)
        await owner.rpc('continue_migration', { migration: id, contract: true, now: true })
        await expect.poll(async () => (await migration(owner, id)).state, LONG).toBe('waiting')
        return { owner, pinned, id }
      }),
    )
    await goLive((await two()).owner)
    for (const { owner, pinned, id } of waiting) {
      expect((await migration(owner, id)).state).toBe('waiting')
      await pinned.rpc('unpin_install', { profile: 'ledger' })
      await expect.poll(async () => (await migration(owner, id)).phase, LONG).toBe('done')
    }
  })

  test('a version that somebody is pinned to is not taken back', async () => {
    const { owner, pinned } = await two()
    const id = await goLive(owner)
    const moved = await pinned.rpc('pin_install', { ...PIN, version: 2 })
    expect([moved.status, moved.row.version]).toEqual([200, 2])
    const refused = await owner.rpc('rollback_migration', { migration: id })
    expect([refused.status, refused.row.code]).toEqual([409, 'INSTALLS_PINNED'])
    expect(refused.text).toContain(pinned.tenant.slug)
    expect((await pinned.rpc('unpin_install', { profile: 'ledger' })).status).toBe(200)
    expect((await owner.rpc('rollback_migration', { migration: id })).status).toBe(200)
    await expect.poll(async () => (await migration(owner, id)).phase, LONG).toBe('rolled_back')
    expect(await version(pinned)).toBe(1)
  })

  test('pinning again, staying and catching up; each is told and in the audit log, with who did it', async () => {
    const { owner, pinned } = await two()
    const again = await pinned.rpc('pin_install', { ...PIN, until: '2w', reason: ' another ' })
    expect(again.body).toMatchObject({ version: 1, reason: 'another', tenant: pinned.tenant.slug })
    await publish(owner, schemaOf('ledger', 'more: { type: string }'))
    const stays = await pinned.rpc('unpin_install', { profile: 'ledger', stay: true })
    expect(stays.body).toMatchObject({ version: 1, unpinned: true, moved: false })
    expect(await install(pinned)).toMatchObject({ version: 1, pinned_to: null, pinned_until: null, pinned_by: null })
    const catchesUp = await pinned.rpc('unpin_install', { profile: 'ledger' })
    expect(catchesUp.body).toMatchObject({ version: 2, unpinned: false, moved: true })
    const [, first, second, ...rest] = await told(pinned)
    expect([first, second]).toMatchObject([
      { type: 'install.pinned', data: { version: 1, reason: PIN.reason, until: expect.any(String) } },
      { type: 'install.pinned', data: { version: 1, reason: 'another' } },
    ])
    expect(rest.map(({ type }) => type)).toEqual(['install.unpinned', 'install.updated'])
    const log = (await pinned.get('/audit_log?entity=eq.installs&order=position&select=action,actor,change')).rows
    const pins = log.filter(
      ({ action, change }) => action === 'update' && Object.hasOwn(change as object, 'pinned_until'),
    )
    expect(pins.map(({ actor }) => (actor as { kind: string }).kind)).toEqual(['key', 'key', 'key'])
    expect(pins[0]?.change).toMatchObject({ pinned_to: [null, 1], pinned_reason: [null, PIN.reason] })
  })

  test.each<[string, object, number, string]>([
    ['nothing', {}, 422, 'ARGUMENTS_INVALID'],
    ['no reason', { profile: 'ledger', until: '30d' }, 422, 'ARGUMENTS_INVALID'],
    ['a blank reason', { ...PIN, reason: ' \n' }, 422, 'ARGUMENTS_INVALID'],
    ['a reason too long', { ...PIN, reason: 'x'.repeat(501) }, 422, 'ARGUMENTS_INVALID'],
    ['no deadline', { profile: 'ledger', reason: 'x' }, 422, 'ARGUMENTS_INVALID'],
    ['a deadline that is none', { ...PIN, until: 'soon' }, 422, 'ARGUMENTS_INVALID'],
    ['a day that is not in the calendar', { ...PIN, until: '2027-02-30T00:00:00Z' }, 422, 'ARGUMENTS_INVALID'],
    ['a deadline that has passed', { ...PIN, until: '2020-01-01T00:00:00Z' }, 422, 'PIN_UNTIL_INVALID'],
    ['no time at all', { ...PIN, until: '0d' }, 422, 'PIN_UNTIL_INVALID'],
    ['more than a year', { ...PIN, until: '367d' }, 422, 'PIN_UNTIL_INVALID'],
    ['ages', { ...PIN, until: '999999w' }, 422, 'PIN_UNTIL_INVALID'],
    ['the end of time', { ...PIN, until: '9999-12-31T23:59:59Z' }, 422, 'PIN_UNTIL_INVALID'],
    ['version 0', { ...PIN, version: 0 }, 422, 'ARGUMENTS_INVALID'],
    ['a version that is none', { ...PIN, version: '1' }, 422, 'ARGUMENTS_INVALID'],
    ['a version that does not serve', { ...PIN, version: 7 }, 409, 'VERSION_NOT_LIVE'],
    ['a profile that is not there', { ...PIN, profile: 'none' }, 404, 'PROFILE_UNKNOWN'],
    ['a profile that is no name', { ...PIN, profile: 'a b' }, 422, 'ARGUMENTS_INVALID'],
    ['the registry', { ...PIN, profile: 'platform' }, 409, 'PROFILE_PROTECTED'],
    ['something else', { ...PIN, untli: '1d' }, 422, 'ARGUMENTS_INVALID'],
  ])('pinning with %s is refused', async (_, given, status, code) => {
    const { acme } = lend()
    if ((await install(acme)).version === undefined) await acme.rpc('publish_schema', { source: schemaOf('ledger') })
    const answer = await acme.rpc('pin_install', given)
    expect([answer.status, answer.row.code]).toEqual([status, code])
    expect((await install(acme)).pinned_to).toBeNull()
  })

  test('a version that does not serve is answered with those that do', async () => {
    const { pinned } = await two()
    const { row } = await pinned.rpc('pin_install', { ...PIN, version: 7 })
    expect(row).toMatchObject({ code: 'VERSION_NOT_LIVE', details: { live: [1] } })
  })

  test.each<[object, string]>([
    [{}, 'ARGUMENTS_INVALID'],
    [{ profile: 'ledger', stay: 'yes' }, 'ARGUMENTS_INVALID'],
    [{ profile: 'none' }, 'PROFILE_UNKNOWN'],
    [{ profile: 'platform' }, 'PROFILE_PROTECTED'],
  ])('unpinning with %j is refused', async (given, code) => {
    expect((await lend().acme.rpc('unpin_install', given)).row.code).toBe(code)
  })

  test('who may: an admin its own, the operator anybody’s; no member, and nobody else', async () => {
    const { owner, pinned } = await two()
    const { slug } = pinned.tenant
    const member = await lend().withRoles(pinned, 'member')
    for (const [caller, given] of [
      [member, {}],
      [owner, { tenant: slug }],
      [owner, { tenant: 'nobody-at-all' }],
    ] as const) {
      for (const answer of [
        await caller.rpc('pin_install', { ...PIN, ...given }),
        await caller.rpc('unpin_install', { profile: 'ledger', ...given }),
      ])
        expect([answer.status, answer.row.code]).toEqual([403, '42501'])
    }
    const patched = await pinned.send('PATCH', '/installs?profile=eq.ledger', { pinned_to: null })
    expect(patched.status).toBe(403)
    expect((await install(pinned)).pinned_to).toBe(1)
    expect((await pinned.rpc('pin_install', { ...PIN, tenant: slug })).status).toBe(200)
    const { system } = lend()
    const operator = await system.rpc('pin_install', { ...PIN, tenant: slug, reason: 'by the operator' })
    expect([operator.status, operator.row.tenant]).toEqual([200, slug])
    expect((await system.rpc('unpin_install', { profile: 'ledger', tenant: pinned.tenant.id })).status).toBe(200)
    expect((await system.rpc('pin_install', { ...PIN, tenant: 'nobody-at-all' })).row.code).toBe('TENANT_UNKNOWN')
  })

  describe('reminders', () => {
    const { fixture } = { fixture: () => lend().fixture }

    /** Under whatever names the columns have. */
    async function deadline(tenantId: string, away: string): Promise<void> {
      const [row] = await fixture().ownerQuery(
        `select v.mapping::jsonb ->> 'schema', v.mapping::jsonb #>> '{entities,installs,table}',
                v.mapping::jsonb #>> '{entities,installs,columns,pinned_until}', v.mapping::jsonb #>> '{entities,installs,columns,profile}'
         from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
         where p.schema_name = 'platform' and v.state = 'live' order by v.version desc limit 1`,
      )
      const [schema, table, column, profile] = row ?? []
      await fixture().ownerQuery(
        `update "${schema}"."${table}" set "${column}" = clock_timestamp() + interval '${away}'
         where tenant_id = '${tenantId}' and "${profile}" = 'ledger'`,
      )
    }
    const reminders = async (caller: RegistryCaller): Promise<unknown[]> =>
      (await typesOf(caller)).filter((type) => String(type).startsWith('install.pin_'))

    test('each is told once, by however many look, and the pin stays', async () => {
      const { pinned } = await two()
      const { database } = fixture()
      const look = () => Promise.all([1, 2, 3, 4].map(() => remindPins(database)))
      const [expiring, expired] = ['install.pin_expiring', 'install.pin_expired']
      for (const [away, all] of [
        ['8 days', []],
        ['6 days', [expiring]],
        ['2 days', [expiring]],
        ['23 hours', [expiring, expiring]],
        ['1 minute', [expiring, expiring]],
        ['-1 minute', [expiring, expiring, expired]],
        ['-6 days', [expiring, expiring, expired]],
        ['-8 days', [expiring, expiring, expired, expired]],
        // Those that were missed are told as one.
        ['-30 days', [expiring, expiring, expired, expired, expired]],
      ] as const) {
        await deadline(pinned.tenant.id, away)
        await look()
        await look()
        expect([away, await reminders(pinned)]).toEqual([away, all])
      }
      expect(await install(pinned)).toMatchObject({ version: 1, pinned_to: 1 })
      expect((await told(pinned)).at(-1)).toMatchObject({ data: { version: 1, profile: 'ledger', reason: PIN.reason } })
      await pinned.rpc('pin_install', PIN)
      await look()
      expect(await reminders(pinned)).toHaveLength(5)
      await deadline(pinned.tenant.id, '6 days')
      await look()
      expect(await reminders(pinned)).toHaveLength(6)
    })

    test('of a deadline that is near when it is set nobody is told, until it is nearer', async () => {
      const { pinned } = await two()
      await pinInstall(fixture().database, { tenant: pinned.tenant.slug, ...PIN, until: '3d' })
      await remindPins(fixture().database)
      expect(await reminders(pinned)).toEqual([])
      await deadline(pinned.tenant.id, '20 hours')
      await remindPins(fixture().database)
      expect(await reminders(pinned)).toEqual(['install.pin_expiring'])
    })

    test('processes that look by themselves, one after the other and at once', async () => {
      const { pinned } = await two()
      await deadline(pinned.tenant.id, '-1 hour')
      for (let round = 0; round < 2; round++) {
        const looking = await Promise.all([1, 2].map(() => startReminders(fixture().database, { intervalMs: 20 })))
        await expect.poll(() => reminders(pinned), SOON).toEqual(['install.pin_expired'])
        await new Promise((resolve) => setTimeout(resolve, 150))
        await Promise.all(looking.map((one) => one.close()))
      }
      expect(await reminders(pinned)).toEqual(['install.pin_expired'])
    })
  })
}
