/** Events of writes: in the statement of the write, one for each row and verb, as their definitions say. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'
import { readEvents } from './read-events.ts'
import { validateEvent } from './validate-event.ts'

const MERGE = { prefer: 'resolution=merge-duplicates' }
const IGNORE = { prefer: 'resolution=ignore-duplicates' }

export function writtenSuite(lend: Lend): void {
  let caller: Caller
  let seen = 0
  beforeAll(async () => {
    caller = await lend().newTenant()
  })

  /** What has been told since it was last asked: type, and what the record is called. */
  async function told(): Promise<readonly string[]> {
    const events = await readEvents(lend(), caller.id)
    const news = events.slice(seen)
    seen = events.length
    for (const event of news) expect(validateEvent(event), JSON.stringify(event)).toEqual([])
    return news.map(({ type, data }) =>
      `${type} ${data.record.code ?? `${data.record.left},${data.record.right}`} ${data.record.n ?? ''}`.trim(),
    )
  }

  beforeAll(told)

  test('a bulk create tells each row, with every kind of value', async () => {
    const rows = [
      { code: 'a', n: 1, price: '12.50', meta: { deep: [1, null] }, tags: ['x', null], at: '2030-01-01T00:00:00Z' },
      { code: 'b', n: 2, price: '99999999999999999999.000000001' },
      { code: 'c' },
    ]
    expect((await caller.post('/things', rows, { prefer: 'missing=default' })).status).toBe(201)
    expect(await told()).toEqual(['record.created a 1', 'record.created b 2', 'record.created c'])
  })

  test('an upsert tells what it made from what it changed, and nothing of what it left', async () => {
    const rows = [
      { code: 'b', n: 20 },
      { code: 'd', n: 4 },
    ]
    expect((await caller.post('/things?on_conflict=code', rows, MERGE)).status).toBeLessThan(300)
    expect((await told()).toSorted()).toEqual(['record.created d 4', 'record.updated b 20'])
    expect(
      (
        await caller.post(
          '/things?on_conflict=code',
          [
            { code: 'b', n: 0 },
            { code: 'e', n: null },
          ],
          IGNORE,
        )
      ).status,
    ).toBeLessThan(300)
    expect(await told()).toEqual(['record.created e'])
    for (const [entity, verbs] of [
      ['moved', ['record.updated y 2']],
      ['born', ['record.created y 1', 'record.created z 3']],
    ] as const) {
      await caller.post(`/${entity}`, { code: 'y', n: 1 })
      await caller.post(
        `/${entity}?on_conflict=code`,
        [
          { code: 'y', n: 2 },
          { code: 'z', n: 3 },
        ],
        MERGE,
      )
      expect(await told()).toEqual(verbs)
    }
  })

  test('an update tells what rows have become, a delete what they were; of none, nothing', async () => {
    expect((await caller.patch('/things?n=gte.4', { n: 7 })).status).toBe(204)
    expect((await told()).toSorted()).toEqual(['record.updated b 7', 'record.updated d 7'])
    const [{ id } = {}] = (await caller.get('/things?code=eq.a')).rows
    expect((await caller.patch(`/things/${id}`, { n: 8 })).status).toBeLessThan(300)
    expect(await told()).toEqual(['record.updated a 8'])
    expect((await caller.delete('/things?n=eq.7')).status).toBe(204)
    expect((await told()).toSorted()).toEqual(['record.deleted b 7', 'record.deleted d 7'])
    expect((await caller.patch('/things?n=eq.1000', { n: 1 })).status).toBeLessThan(300)
    expect((await caller.delete('/things?n=eq.1000')).status).toBe(204)
    expect(await told()).toEqual([])
  })

  test('what is refused or undone is not told, nor what was not asked for', async () => {
    expect((await caller.post('/things', [{ code: 'f' }, { code: 'a' }])).status).toBe(409)
    expect((await caller.post('/things', { code: 'f' }, { prefer: 'tx=rollback' })).status).toBe(201)
    expect(
      (await caller.patch('/things?code=not.is.null', { n: 1 }, { prefer: 'handling=strict, max-affected=1' })).status,
    ).toBe(400)
    await caller.add('silent', [{ n: 1 }])
    expect(await told()).toEqual([])
  })

  test('a composite key is the subject', async () => {
    expect((await caller.post('/pairs', { left: 'l,1', right: 2 })).status).toBe(201)
    expect((await caller.delete('/pairs?right=eq.2')).status).toBe(204)
    const subjects = (await readEvents(lend(), caller.id)).slice(-2).map(({ subject }) => subject)
    expect(subjects).toEqual(['pairs/l,1,2', 'pairs/l,1,2'])
    expect(await told()).toEqual(['record.created l,1,2', 'record.deleted l,1,2'])
  })

  describe('of the registry', () => {
    test('a policy that is made, changed, taken away is told as `policy.updated`, and no more than its id', async () => {
      const policy = { schema: 'told', role: 'member', entity: 'things', action: 'read' }
      const headers = { 'content-profile': 'platform', prefer: 'return=representation' }
      const created = await caller.post('/policies', policy, headers)
      expect(created.status, created.text).toBe(201)
      const id = created.rows[0]?.id
      expect((await caller.patch(`/policies?id=eq.${id}`, { effect: 'deny' }, headers)).status).toBe(200)
      expect((await caller.delete(`/policies?id=eq.${id}`, headers)).status).toBe(200)
      const events = (await readEvents(lend(), caller.id)).filter(({ type }) => type === 'policy.updated')
      expect(events.map(({ data, subject }) => [data, subject])).toEqual(
        ['created', 'updated', 'deleted'].map((change) => [
          { tenant_id: caller.id, policy_id: id, change },
          `policies/${id}`,
        ]),
      )
      for (const event of events) expect(validateEvent(event)).toEqual([])
    })

    test('all that it has told so far is as it is defined', async () => {
      const events = await readEvents(lend())
      const types = new Set(events.map(({ type }) => type))
      for (const type of ['schema.created', 'schema.updated.compatible', 'tenant.created'])
        expect(types).toContain(type)
      for (const event of events) expect(validateEvent(event), JSON.stringify(event).slice(0, 300)).toEqual([])
      const updated = events.find(({ type }) => type === 'schema.updated.compatible')
      expect(updated?.data.changes).toEqual([
        { type: 'AddField', entity: 'silent', field: 'm' },
        { type: 'AddIndex', entity: 'silent', fields: ['n'] },
        { type: 'AddEntity', entity: 'wide' },
      ])
    })

    test('a row of more fields than a function takes arguments', async () => {
      const other = await lend().newTenant()
      expect((await other.post('/wide', { f0: 'x' })).status).toBe(201)
      const [event] = await readEvents(lend(), other.id)
      expect(Object.keys(event?.data.record ?? {}).length).toBeGreaterThan(60)
    })
  })
}
