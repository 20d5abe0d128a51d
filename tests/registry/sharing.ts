/** Whose a schema is, who may install it, and that nobody sees what another has asked for. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type Lend, type RegistryCaller, SOON, schemaOf } from './start-registry.ts'

export function sharing(lend: Lend): void {
  let [one, two, three]: RegistryCaller[] = []
  beforeAll(async () => {
    ;[one, two, three] = [await lend().newTenant(), await lend().newTenant(), await lend().newTenant()]
  })
  const tenants = (): readonly [RegistryCaller, RegistryCaller, RegistryCaller] => {
    if (!one || !two || !three) throw new Error('before they are there')
    return [one, two, three]
  }
  const profilesOf = async (caller: RegistryCaller): Promise<readonly unknown[]> =>
    (await caller.get('/installs?select=profile,version&order=profile')).rows

  test('two tenants own schemas of one name', async () => {
    const [first, second] = tenants()
    expect((await first.rpc('publish_schema', { source: schemaOf('crm', 'mine: { type: string }') })).status).toBe(201)
    expect((await second.rpc('publish_schema', { source: schemaOf('crm', 'yours: { type: string }') })).status).toBe(
      201,
    )
    await expect.poll(async () => (await first.tenant.post('/notes', { mine: 'a' })).status, SOON).toBe(201)
    await expect.poll(async () => (await second.tenant.post('/notes', { yours: 'a' })).status, SOON).toBe(201)
    expect((await first.tenant.post('/notes', { yours: 'a' })).status).toBe(400)
  })

  describe('a schema of another tenant', () => {
    test('that is not shared is as if it were not there', async () => {
      const [first, , third] = tenants()
      const named = await third.rpc('install_schema', { schema: `${first.tenant.slug}/crm` })
      const unknown = await third.rpc('install_schema', { schema: `${first.tenant.slug}/nothing` })
      expect([named.status, named.row.code]).toEqual([404, 'SCHEMA_UNKNOWN'])
      expect(String(named.row.message).replace('crm', 'nothing')).toBe(unknown.row.message)
      expect((await third.rpc('diff_schema', { schema: `${first.tenant.slug}/crm` })).status).toBe(404)
    })

    test('is shared by its owner, and installed by its name, or its owner’s and its', async () => {
      const [first, second, third] = tenants()
      expect((await first.send('PATCH', '/schemas?name=eq.crm', { shared: true })).status).toBe(204)
      const installed = await third.rpc('install_schema', { schema: 'crm' })
      expect([installed.status, installed.body]).toMatchObject([201, { profile: 'crm', version: 1, created: true }])
      expect((await third.rpc('install_schema', { schema: 'crm' })).status).toBe(200)
      // One's own before a shared one.
      expect((await second.rpc('install_schema', { schema: 'crm' })).body).toMatchObject({
        created: false,
        profile: 'crm',
      })
      const theirs = { schema: `${first.tenant.slug}/crm`, as: 'their_crm' }
      expect((await second.rpc('install_schema', theirs)).body).toMatchObject({ created: true, profile: 'their_crm' })
      const clash = await second.rpc('install_schema', { ...theirs, as: 'crm' })
      expect([clash.status, clash.row.code]).toEqual([409, 'PROFILE_TAKEN'])
      expect(await profilesOf(second)).toMatchObject([
        { profile: 'crm' },
        { profile: 'platform' },
        { profile: 'their_crm' },
      ])
    })

    test('its next version is everybody’s, its rows nobody else’s', async () => {
      const [first, , third] = tenants()
      const source = schemaOf('crm', 'mine: { type: string }', 'more: { type: string }')
      expect((await first.rpc('publish_schema', { source })).body).toMatchObject({ version: 2 })
      await expect.poll(async () => (await third.tenant.post('/notes', { more: 'third' })).status, SOON).toBe(201)
      expect((await third.tenant.get('/notes?select=more')).body).toEqual([{ more: 'third' }])
      expect((await first.tenant.get('/notes?select=more')).rows).not.toContainEqual({ more: 'third' })
      // The versions are the owner's rows.
      expect((await third.get('/schema_versions')).body).toEqual([])
    })

    test('of which several are shared has to be named by its owner', async () => {
      const [first, second] = tenants()
      await second.send('PATCH', '/schemas?name=eq.crm', { shared: true })
      const fourth = await lend().newTenant()
      const answer = await fourth.rpc('install_schema', { schema: 'crm' })
      expect([answer.status, answer.row.code]).toEqual([409, 'SCHEMA_AMBIGUOUS'])
      expect(answer.row.hint).toContain(`${first.tenant.slug}/crm`)
    })
  })

  test('what may be installed is listed: one’s own, the platform’s, and what others share', async () => {
    const [first, second, third] = tenants()
    await first.rpc('publish_schema', { source: schemaOf('hidden') })
    const listed = async (caller: RegistryCaller, given: object = {}): Promise<readonly Record<string, unknown>[]> =>
      (await caller.rpc('list_installable_schemas', given)).row.schemas as readonly Record<string, unknown>[]
    const [own, others] = [await listed(first), await listed(third)]
    const entry = {
      owner: first.tenant.slug,
      name: 'crm',
      version: 2,
      schema_id: expect.any(String),
      description: null,
    }
    expect(own).toContainEqual({ ...entry, installed_as: ['crm'] })
    expect(others).toContainEqual({ ...entry, installed_as: ['crm'] })
    expect(own.map(({ name }) => name)).toContain('hidden')
    expect(others.map(({ name }) => name)).not.toContain('hidden')
    expect(others.map(({ owner }) => owner)).toContain(second.tenant.slug)
    const after = `${first.tenant.slug}/crm`
    expect((await listed(third, { after, search: 'CR' })).map(({ owner }) => owner)).not.toContain(first.tenant.slug)
    expect(await listed(third, { search: "%' or" })).toEqual([])
    const member = await lend().withRoles(third, 'member')
    expect((await member.rpc('list_installable_schemas', {})).status).toBe(403)
  })

  test('of a schema with a version that is held back, the one is listed that an install gets', async () => {
    const [owner, other] = [await lend().newTenant(), await lend().newTenant()]
    const versions = [schemaOf('held'), schemaOf('held', 'more: { type: string }')]
    for (const [index, source] of versions.entries()) {
      const published = await owner.rpc('publish_schema', { source, hold: index === 1 })
      expect([published.status, published.row.version]).toEqual([201, index + 1])
    }
    await owner.send('PATCH', '/schemas?name=eq.held', { shared: true })
    const schema = `${owner.tenant.slug}/held`
    const { row } = await other.rpc('list_installable_schemas', { search: 'held' })
    const listed = row.schemas as readonly Record<string, unknown>[]
    expect(listed).toMatchObject([{ owner: owner.tenant.slug, name: 'held', version: 1 }])
    expect((await other.rpc('install_schema', { schema })).row.version).toBe(1)
    await owner.send('PATCH', '/schemas?name=eq.held', { shared: false })
  })

  test('an install is taken away; its rows stay, and come back with it', async () => {
    const [first, , third] = tenants()
    expect((await third.tenant.get('/notes?select=more')).body).toEqual([{ more: 'third' }])
    const uninstalled = await third.rpc('uninstall_schema', { profile: 'crm' })
    expect([uninstalled.status, uninstalled.body]).toEqual([
      200,
      { profile: 'crm', schema_id: expect.any(String), version: 2, default_profile: 'platform' },
    ])
    const status = async (): Promise<number> =>
      (await third.tenant.get('/notes?select=more', { 'accept-profile': 'crm' })).status
    await expect.poll(status, SOON).toBe(406)
    expect(await profilesOf(third)).toMatchObject([{ profile: 'platform' }])
    expect((await first.tenant.get('/notes')).status).toBe(200)
    const events = await third.get('/events?type=eq.install.deleted&select=subject,data')
    expect(events.body).toEqual([
      {
        subject: uninstalled.row.schema_id,
        data: { tenant_id: third.tenant.id, schema_id: uninstalled.row.schema_id, schema: 'crm', profile: 'crm' },
      },
    ])
    const again = await third.rpc('uninstall_schema', { profile: 'crm' })
    expect([again.status, again.row.code, again.row.hint]).toEqual([404, 'PROFILE_UNKNOWN', 'it has platform'])
    const registry = await third.rpc('uninstall_schema', { profile: 'platform' })
    expect([registry.status, registry.row.code]).toEqual([409, 'PROFILE_PROTECTED'])
    expect((await third.rpc('install_schema', { schema: `${first.tenant.slug}/crm` })).status).toBe(201)
    await expect
      .poll(async () => (await third.tenant.get('/notes?select=more')).body, SOON)
      .toEqual([{ more: 'third' }])
  })

  test('only the owner shares, and nothing but that is changed by hand', async () => {
    const [first, , third] = tenants()
    await third.send('PATCH', '/schemas?name=eq.crm', { shared: false })
    expect((await first.get('/schemas?name=eq.crm&select=shared')).body).toEqual([{ shared: true }])
    expect((await first.send('PATCH', '/schemas?name=eq.crm', { name: 'x' })).status).toBe(422)
    const member = await lend().withRoles(first, 'member')
    expect((await member.send('PATCH', '/schemas?name=eq.crm', { shared: false })).status).toBe(403)
    for (const [path, row] of [
      ['/schemas', { name: 'x' }],
      ['/schema_versions', {}],
      ['/installs', {}],
      ['/events', {}],
      ['/tenants', {}],
    ] as const) {
      const answer = await first.send('POST', path, row)
      expect([answer.status, answer.row.code], path).toEqual([403, 'REGISTRY_READ_ONLY'])
    }
  })

  test('jobs and drafts of another tenant are not there', async () => {
    const [first, second] = tenants()
    await first.send('POST', '/drafts', { name: 'secret plans', source: 'x' })
    const [draft] = (await first.get('/drafts?select=id')).rows
    const [job] = (await first.get('/jobs?select=id&limit=1')).rows
    for (const path of [`/drafts/${draft?.id}`, `/jobs/${job?.id}`]) {
      const answer = await second.get(path)
      const never = await second.get(path.replace(/[0-9a-f]{12}$/, 'ffffffffffff'))
      expect([answer.status, answer.row.code, answer.row.message]).toEqual([404, never.row.code, never.row.message])
    }
    expect((await second.get('/drafts')).body).toEqual([])
    expect((await second.rpc('publish_schema', { draft: draft?.id })).row.code).toBe('DRAFT_UNKNOWN')
    expect((await second.get('/jobs?select=created_by')).text).not.toContain(String(draft?.id))
  })
}
