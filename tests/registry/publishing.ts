/** Publishing over HTTP: what goes in, what comes out, what is refused. */
import { compileSchema, SchemaProblems } from '@backsaas/core/language'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Lend, type RegistryCaller, SOON, schemaOf } from './start-registry.ts'

const YAML = { 'content-type': 'application/yaml' }

export function publishing(lend: Lend): void {
  let acme: RegistryCaller
  beforeAll(async () => {
    acme = await lend().newTenant()
  })
  const sourceOf = async (schema: string, version: number): Promise<unknown> => {
    const answer = await acme.get(
      `/schema_versions?select=source,schema:schemas!inner()&schema.name=eq.${schema}&version=eq.${version}`,
    )
    return answer.rows[0]?.source
  }

  describe('a document', () => {
    test('becomes a version that serves, and then the next one', async () => {
      const first = await acme.rpc('publish_schema', { source: schemaOf('crm') })
      expect([first.status, first.body]).toMatchObject([
        201,
        { schema: 'crm', version: 1, created: true, profile: 'crm' },
      ])
      await expect.poll(async () => (await acme.tenant.post('/notes', { title: 'a' })).status, SOON).toBe(201)
      const second = await acme.rpc('publish_schema', { source: schemaOf('crm', 'body: { type: text }') })
      expect(second.body).toMatchObject({
        version: 2,
        newest: 2,
        changes: [{ type: 'ADD_FIELD', class: 'compatible' }],
      })
      await expect
        .poll(async () => (await acme.tenant.post('/notes', { title: 'b', body: 'x' })).status, SOON)
        .toBe(201)
      const versions = await acme.get('/schema_versions?select=version,hash,schema:schemas(name)&order=version')
      expect(versions.rows).toMatchObject([{ version: 1, schema: { name: 'crm' } }, { version: 2 }])
    })

    test('that is live already changes nothing', async () => {
      const again = await acme.rpc('publish_schema', { source: schemaOf('crm') })
      expect([again.status, again.body]).toMatchObject([200, { version: 1, newest: 2, created: false }])
    })

    test.each([
      ['as text', (text: string) => ({ source: text }), {}],
      ['as it is', (text: string) => text, YAML],
      ['as it is, with a charset', (text: string) => text, { 'content-type': 'text/yaml; charset=utf-8' }],
    ])('is kept byte for byte, comments and all: %s', async (how, give, headers) => {
      const name = `kept_${how.length}`
      const text = `${schemaOf(name)}\n\t\n# Grüße, "quoted" \\ and 😀\r\n# no line end`.replace('\t', ' ')
      expect((await acme.rpc('publish_schema', give(text), headers)).status).toBe(201)
      expect(await sourceOf(name, 1)).toBe(text)
    })

    test('as JSON is kept as it was written', async () => {
      const json =
        '{ "schema":"as_json",\n "entities": {"e":{"fields":{"n":{"type":"bigint","default": 9007199254740993}}}} }'
      const answer = await acme.rpc('publish_schema', `{"source": ${json}}`)
      expect(answer.status).toBe(201)
      expect(await sourceOf('as_json', 1)).toBe(json)
    })

    test('with mistakes is refused with what the command tells', async () => {
      const text = schemaOf('crm', 'a: { type: strin }', 'b: { type: string, requird: true }', 'c: { to: nowhere }')
      const problems = problemsOf(text)
      expect(problems.length).toBeGreaterThan(2)
      const published = await acme.rpc('publish_schema', { source: text })
      expect([published.status, published.row.code]).toEqual([422, 'SCHEMA_INVALID'])
      const placed = problems.map(({ pointer, line, column, code }) => ({ pointer, line, column, code }))
      expect(published.row.errors).toMatchObject(placed)
      const validated = await acme.rpc('validate_schema', { source: text })
      expect([validated.status, validated.body]).toEqual([200, { valid: false, problems }])
      const right = await acme.rpc('validate_schema', schemaOf('crm'), YAML)
      expect(right.body).toMatchObject({ valid: true, schema: 'crm', entities: ['notes'], problems: [] })
    })

    test('that changes what clients rely on is refused with every change', async () => {
      const answer = await acme.rpc('publish_schema', { source: schemaOf('crm').replace('title', 'name') })
      expect([answer.status, answer.row.code]).toEqual([409, 'CHANGE_AMBIGUOUS'])
      const errors = answer.row.errors as readonly { code: string; pointer: string }[]
      expect(errors.map(({ pointer }) => pointer)).toContain('/entities/notes/fields/title')
    })

    test('cannot be called platform', async () => {
      const answer = await acme.rpc('publish_schema', { source: schemaOf('platform') })
      expect([answer.status, answer.row.code]).toEqual([422, 'SCHEMA_NAME_RESERVED'])
    })
  })

  describe('the version that it was written on', () => {
    const next = (...fields: string[]): string =>
      schemaOf('based', ...fields.map((field) => `${field}: { type: string }`))
    beforeAll(async () => {
      await acme.rpc('publish_schema', { source: schemaOf('based') })
      await acme.rpc('publish_schema', { source: next('a') })
    })

    test.each([
      ['an older base', { base: 1 }, ''],
      ['none', { base: 0 }, ''],
      ['another version in the document', {}, 'version: 2\n'],
    ])('%s is a conflict that names the newer one', async (_, more, line) => {
      const answer = await acme.rpc('publish_schema', { source: line + next('a', 'x'), ...more })
      expect([answer.status, answer.row.code]).toEqual([409, 'VERSION_CONFLICT'])
      expect(answer.row.details).toMatchObject({ schema: 'based', newest: 2 })
      expect(answer.text).toMatch(/version [23]\b/)
    })

    test('the newest as base goes', async () => {
      expect((await acme.rpc('publish_schema', { source: next('a', 'b'), base: 2 })).body).toMatchObject({ version: 3 })
    })
  })

  describe('drafts', () => {
    test('are rows, and are published by their id', async () => {
      const [draft] = await draftsOf(acme, { name: 'a try', source: schemaOf('drafted', 'x: { type: oops }'), base: 0 })
      const id = String(draft?.id)
      expect((await acme.rpc('publish_schema', { draft: id })).status).toBe(422)
      expect((await acme.send('PATCH', `/drafts/${id}`, { source: schemaOf('drafted') })).status).toBe(204)
      expect((await acme.rpc('validate_schema', { draft: id })).body).toMatchObject({ valid: true })
      expect((await acme.rpc('publish_schema', { draft: id })).body).toMatchObject({ version: 1 })
      expect((await acme.get(`/drafts/${id}?select=base`)).body).toEqual({ base: 1 })
      await acme.rpc('publish_schema', { source: schemaOf('drafted', 'y: { type: string }') })
      await acme.send('PATCH', `/drafts/${id}`, { source: schemaOf('drafted', 'z: { type: string }') })
      const late = await acme.rpc('publish_schema', { draft: id })
      expect([late.status, late.row.code]).toEqual([409, 'VERSION_CONFLICT'])
    })

    test('of nobody are 404', async () => {
      const answer = await acme.rpc('publish_schema', { draft: crypto.randomUUID() })
      expect([answer.status, answer.row.code]).toEqual([404, 'DRAFT_UNKNOWN'])
    })
  })

  describe('differences', () => {
    test('of two versions, of the last two, and of what is not published yet', async () => {
      const two = await acme.rpc('diff_schema', { schema: 'based', from: 1, to: 2 })
      const added = (name: string): object => ({
        type: 'ADD_FIELD',
        class: 'compatible',
        pointer: `/entities/notes/fields/${name}`,
      })
      expect(two.body).toMatchObject({ schema: 'based', from: 1, to: 2, compatible: true, changes: [added('a')] })
      expect((await acme.rpc('diff_schema', { schema: 'based' })).body).toMatchObject({
        from: 2,
        to: 3,
        changes: [added('b')],
      })
      const planned = await acme.rpc('diff_schema', { source: schemaOf('based') })
      expect(planned.body).toMatchObject({ from: 3, to: null, compatible: false })
      const changes = planned.row.changes as readonly { kind: string; message: string }[]
      expect(changes.length).toBe(2)
      for (const change of changes) expect(change.message.length).toBeGreaterThan(10)
    })

    test('of what is not there are 404', async () => {
      const missing = await acme.rpc('diff_schema', { schema: 'based', to: 9 })
      expect([missing.status, missing.row.code]).toEqual([404, 'VERSION_UNKNOWN'])
      expect((await acme.rpc('diff_schema', { schema: 'nothing' })).row.code).toBe('SCHEMA_UNKNOWN')
    })
  })
}

async function draftsOf(caller: RegistryCaller, row: object): Promise<readonly Record<string, unknown>[]> {
  return (await caller.send('POST', '/drafts', row, { prefer: 'return=representation' })).rows
}

/** What `backsaas validate --json` says of it. */
function problemsOf(text: string): SchemaProblems['problems'] {
  try {
    compileSchema(text)
    return []
  } catch (error) {
    if (error instanceof SchemaProblems) return error.problems
    throw error
  }
}
