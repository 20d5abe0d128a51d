/** The product in process, with tenants whose callers are whoever a test says. */
import type { Plugin } from '@backsaas/core'
import { createTenant, migrate } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import type { Came } from './compare.ts'
import type { Caller } from './evaluate.ts'
import type { Asked } from './steps.ts'

export interface Served {
  readonly fixture: Fixture
  /** Publishes a schema document. */
  publish(document: string): Promise<void>
  /** A new tenant with one schema. */
  createTenant(slug: string, schema: string): Promise<ServedTenant>
  /** Asks a tenant that is there already, `system` for one. */
  send(slug: string, caller: Caller, asked: Asked): Promise<Came>
  close(): Promise<void>
}

export interface ServedTenant {
  readonly id: string
  readonly slug: string
  send(caller: Caller, asked: Asked): Promise<Came>
}

/** @param plugin what decides; the product's own unless given. */
export async function serve(plugin: Plugin = policies()): Promise<Served> {
  const fixture = await startFixture({
    database: 'postgres',
    schemas: [],
    connections: 8,
    // What is asked is small: only a machine that is busy with other things takes long.
    statementTimeoutMs: 60_000,
    runtime: { plugins: [plugin], identify: ({ req }) => identityOf(req.raw.headers) },
  })
  return {
    fixture,
    publish: async (document) => {
      await migrate(fixture.database, document)
    },
    async createTenant(slug, schema) {
      const { id } = await createTenant(fixture.database, { slug, schemas: [schema] })
      return { id, slug, send: (caller, asked) => send(fixture, slug, caller, asked) }
    },
    send: (slug, caller, asked) => send(fixture, slug, caller, asked),
    close: () => fixture.close(),
  }
}

/** The caller as the tests write them; without one, nobody. */
function identityOf(headers: Headers): { tenant: string; id: string; roles: string[]; kind: Caller['kind'] } | null {
  const text = headers.get('x-caller')
  return text === null ? null : JSON.parse(text)
}

async function send(
  { runtime }: Fixture,
  slug: string,
  caller: Caller,
  { method, path, headers, body }: Asked,
): Promise<Came> {
  const request = new Request(`http://localhost/t/${slug}/rest/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
      'x-caller': JSON.stringify({ tenant: slug, ...caller }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const response = await runtime.fetch(request)
  const text = await response.text()
  return { status: response.status, text, body: parse(text), headers: response.headers }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // an empty body, or one of another type
  }
}
