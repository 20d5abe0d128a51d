/** How a job is asked for: arguments, waiting, and who may. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type Lend, type RegistryCaller, SOON, schemaOf } from './start-registry.ts'

export function asking(lend: Lend): void {
  let acme: RegistryCaller
  beforeAll(async () => {
    acme = await lend().newTenant()
  })

  describe('arguments', () => {
    test.each<[string, string, unknown, number, string]>([
      ['unknown', 'publish_schema', { source: 'x', sorce: 'y' }, 422, '/sorce'],
      ['missing', 'publish_schema', {}, 422, '/source'],
      ['no body', 'publish_schema', '', 422, '/source'],
      ['both', 'publish_schema', { source: 'x', draft: '018f0000-0000-7000-8000-000000000001' }, 422, '/draft'],
      ['a number for text', 'publish_schema', { source: 1 }, 422, '/source'],
      ['a list for text', 'validate_schema', { source: [] }, 422, '/source'],
      ['a NUL', 'validate_schema', { source: 'a\0b' }, 422, '/source'],
      ['half a character', 'validate_schema', '{"source":"a\\ud800b"}', 422, '/source'],
      ['half a character in a name', 'validate_schema', '{"\\ud800":"b"}', 422, ''],
      ['a negative base', 'publish_schema', { source: 'x', base: -1 }, 422, '/base'],
      ['a fraction', 'diff_schema', { schema: 'crm', from: 1.5 }, 422, '/from'],
      ['a draft that is no id', 'publish_schema', { draft: 'mine' }, 422, '/draft'],
      ['a list of arguments', 'publish_schema', [], 422, ''],
      ['a text', 'publish_schema', '"x"', 422, ''],
      ['of the prototype', 'publish_schema', '{"__proto__":"x","source":"y"}', 422, '/__proto__'],
      ['a name with a quote', 'install_schema', { schema: "crm'--" }, 422, '/schema'],
      ['a profile with blanks', 'install_schema', { schema: 'crm', as: 'a b' }, 422, '/as'],
    ])('%s', async (_, name, given, status, pointer) => {
      const answer = await acme.rpc(name, given)
      expect([answer.status, answer.row.code]).toEqual([status, 'ARGUMENTS_INVALID'])
      if (pointer) expect(answer.row.errors).toMatchObject([{ pointer }])
    })

    test('that are no JSON, of another type, in the query', async () => {
      expect((await acme.rpc('publish_schema', '{')).status).toBe(400)
      expect((await acme.rpc('publish_schema', 'a,b', { 'content-type': 'text/csv' })).status).toBe(415)
      expect((await acme.rpc('publish_schema?select=x', { source: 'x' })).status).toBe(400)
      expect((await acme.rpc('publish_schema', `{"source":${'['.repeat(200)}`)).status).toBe(400)
    })

    test('nothing of it has become a job', async () => {
      expect((await acme.get('/jobs')).body).toEqual([])
    })
  })

  describe('waiting', () => {
    test('respond-async answers where the outcome will be', async () => {
      const answer = await acme.rpc('validate_schema', { source: schemaOf('later') }, { prefer: 'respond-async' })
      expect([answer.status, answer.body]).toEqual([202, { job: expect.any(String), status: 'queued' }])
      expect(answer.headers.get('preference-applied')).toBe('respond-async')
      const place = String(answer.headers.get('location'))
      expect(place).toBe(`/rest/v1/jobs/${answer.row.job}`)
      const outcome = async (): Promise<unknown> => (await acme.get(place.replace('/rest/v1', ''))).body
      await expect.poll(outcome, SOON).toMatchObject({ status: 'succeeded', result: { valid: true }, attempts: 1 })
    })

    test('a job that fails has the problem that the request would have been answered', async () => {
      const answer = await acme.rpc('install_schema', { schema: 'none' }, { prefer: 'respond-async' })
      const job = async (): Promise<unknown> => (await acme.get(`/jobs/${answer.row.job}`)).body
      await expect.poll(job, SOON).toMatchObject({
        status: 'failed',
        result: null,
        problem: { type: 'about:blank', title: 'Not Found', status: 404, code: 'SCHEMA_UNKNOWN', errors: [] },
      })
    })

    test('its outcome is told by an event', async () => {
      const answer = await acme.rpc('validate_schema', { source: schemaOf('told') }, { prefer: 'wait=5' })
      expect(answer.headers.get('preference-applied')).toBe('wait=5')
      const id = answer.headers.get('content-location')?.split('/').at(-1)
      const events = await acme.get(`/events?subject=eq.${id}&select=type,data`)
      expect(events.body).toMatchObject([{ type: 'job.succeeded', data: { job_id: id, kind: 'validate_schema' } }])
    })
  })

  describe('who may', () => {
    test.each(['provision_tenant', 'suspend_tenant', 'resume_tenant', 'replay_events'])(
      '%s is the platform’s',
      async (name) => {
        const given =
          name === 'replay_events' ? { from: 1 } : name === 'provision_tenant' ? { slug: 'mine' } : { tenant: 'globex' }
        const answer = await acme.rpc(name, given)
        expect([answer.status, answer.row.code]).toEqual([403, '42501'])
        expect(answer.row.hint).toContain('system')
      },
    )

    test('not a member, in any form', async () => {
      const member = await lend().withRoles(acme, 'member')
      const asked = await member.rpc('publish_schema', { source: schemaOf('crm') })
      const created = await member.send('POST', '/jobs', { kind: 'validate_schema', input: { source: 'x' } })
      for (const answer of [asked, created, await member.get('/jobs'), await member.get('/drafts')]) {
        expect([answer.status, answer.row.code]).toEqual([403, '42501'])
      }
      expect((await member.get('/schemas?select=name')).status).toBe(200)
    })

    test('nobody under another profile, by another method, without a key', async () => {
      const { fixture } = lend()
      await acme.rpc('publish_schema', { source: schemaOf('crm') })
      const elsewhere = async (): Promise<unknown> =>
        (await acme.tenant.post('/rpc/publish_schema', { source: 'x' })).row.code
      await expect.poll(elsewhere, SOON).toBe('PGRST202')
      expect((await acme.send('GET', '/rpc/publish_schema')).status).toBe(405)
      const response = await fixture.fetch('/rest/v1/rpc/publish_schema', { method: 'POST', body: '{}' })
      expect(response.status).toBe(401)
    })
  })

  describe('a row of jobs', () => {
    const create = (row: object) => acme.send('POST', '/jobs', row, { prefer: 'return=representation' })

    test('is asked for like any, and done', async () => {
      const [job] = (await create({ kind: 'validate_schema', input: { source: schemaOf('row') } })).rows
      const outcome = async (): Promise<unknown> => (await acme.get(`/jobs/${job?.id}?select=status,result`)).body
      await expect.poll(outcome, SOON).toMatchObject({ status: 'succeeded', result: { valid: true } })
    })

    test.each<[string, object]>([
      ['a text', { kind: 'validate_schema', input: 'x' }],
      ['nonsense', { kind: 'publish_schema', input: { a: 1 } }],
      ['a deep heap', { kind: 'install_schema', input: { schema: { schema: [[{}]] } } }],
    ])('whose input is %s fails with what is wrong', async (_, row) => {
      const [job] = (await create(row)).rows
      const outcome = async (): Promise<unknown> => (await acme.get(`/jobs/${job?.id}?select=status,problem`)).body
      await expect
        .poll(outcome)
        .toMatchObject({ status: 'failed', problem: { code: 'ARGUMENTS_INVALID', status: 422 } })
    })

    test.each<[string, object, number]>([
      ['kind of the platform', { kind: 'suspend_tenant', input: { tenant: 'globex' } }, 403],
      ['kind of nobody', { kind: 'drop_everything', input: {} }, 400],
      ['status', { kind: 'validate_schema', input: {}, status: 'succeeded' }, 422],
      ['result', { kind: 'validate_schema', input: {}, result: {} }, 422],
      ['lease', { kind: 'validate_schema', input: {}, lease_until: '2100-01-01T00:00:00Z' }, 400],
    ])('is refused: another %s', async (_, row, status) => {
      expect((await create(row)).status).toBe(status)
    })

    test('is nobody’s to change or to delete', async () => {
      for (const method of ['PATCH', 'DELETE']) {
        const answer = await acme.send(method, '/jobs?id=not.is.null', method === 'PATCH' ? { input: {} } : undefined)
        expect([answer.status, answer.row.code]).toEqual([403, 'REGISTRY_READ_ONLY'])
      }
    })
  })
}
