/** What tests run against: the product in process, twice over one database: as it serves, and with all rights for fixtures. */
import type { PgliteDatabase } from '@backsaas/adapters/databases/pglite'
import {
  type CompiledSchema,
  type Decisions,
  definePlugin,
  FUNCTION_MEANS,
  type Identity,
  invariant,
  type Mapping,
  type Plugin,
} from '@backsaas/core'
import { createTenant } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import type { SchemaFile } from './suite.ts'

export interface World {
  readonly database: PgliteDatabase
  readonly schema: CompiledSchema
  readonly mapping: Mapping
  /** Asks the product as it serves. */
  ask(caller: Identity, request: Asked): Promise<Answered>
  /** The same without any rules. */
  askFreely(tenant: string, request: Asked): Promise<Answered>
  /** A tenant without rows. */
  newTenant(): Promise<TestTenant>
  close(): Promise<void>
}

export interface TestTenant {
  readonly id: string
  readonly slug: string
}

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/rest/v1/`. */
  readonly path: string
  readonly body?: unknown
  readonly prefer?: string
}

export interface Answered {
  readonly status: number
  /** The code of an error; null where there is none. */
  readonly code: string | null
  readonly message: string | null
  readonly body: unknown
}

/** A role of this runtime alone. */
const FREE = 'fixtures'

/** @param database is closed with the world. */
export async function openWorld(database: PgliteDatabase, { compiled, functions = [] }: SchemaFile): Promise<World> {
  const callers = new WeakMap<Request, Identity>()
  const curated = definePlugin({ name: 'functions', functions, means: FUNCTION_MEANS })
  const open = (plugin: Plugin): Runtime =>
    createRuntime({ database, plugins: [plugin, curated], identify: (c) => callers.get(c.req.raw) ?? null })
  const served = open(policies())
  const free = open(definePlugin({ name: FREE, access: { decide: everything } }))
  await Promise.all([served.ready(), free.ready()])
  const mapping = await readMapping(database, compiled.name)
  let tenants = 0

  async function send(runtime: Runtime, caller: Identity, { method, path, body, prefer }: Asked): Promise<Answered> {
    const request = new Request(`http://localhost/rest/v1/${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(prefer === undefined ? {} : { prefer }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    callers.set(request, caller)
    return readAnswer(await runtime.fetch(request))
  }

  return {
    database,
    schema: compiled,
    mapping,
    ask: (caller, request) => send(served, caller, request),
    askFreely: (tenant, request) => send(free, { tenant, id: FREE, roles: [FREE, 'admin'] }, request),
    newTenant: () => createTenant(database, { slug: `test-${++tenants}`, schemas: [compiled.name] }),
    async close() {
      await Promise.all([served.close(), free.close()])
    },
  }
}

function everything({ entities }: CompiledSchema): Decisions {
  const actions = ['read', 'create', 'update', 'delete'] as const
  const rules = actions.map((action) => ({ role: FREE, action, effect: 'allow', place: FREE }) as const)
  const all = Object.fromEntries(actions.map((action, index) => [action, [index]]))
  return { rules, roles: { [FREE]: Object.fromEntries(Object.keys(entities).map((name) => [name, all])) } }
}

const MAPPING = `select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
  where p.schema_name = $1 and v.state = 'live' order by v.version desc limit 1`
const SCOPE = { waitUntil: (): void => {}, now: (): number => Date.now() }

async function readMapping(database: PgliteDatabase, schema: string): Promise<Mapping> {
  const [result] = await database.open(SCOPE, 'owner').batch([{ text: MAPPING, params: [schema] }])
  const text = result?.rows[0]?.[0]
  invariant(text, 'a schema that was migrated has a mapping')
  return JSON.parse(text) as Mapping // written by the migrator
}

/** Changes what only the platform writes. */
export async function writeDirectly(
  { database }: World,
  text: string,
  params: readonly (string | null)[],
): Promise<void> {
  await database.open(SCOPE, 'owner').batch([{ text, params, prepare: false }])
}

async function readAnswer(response: Response): Promise<Answered> {
  const text = await response.text()
  const body: unknown = text === '' ? null : JSON.parse(text)
  const error = response.ok ? null : (body as { code?: unknown; message?: unknown } | null) // the error shape of every answer
  return {
    status: response.status,
    code: error ? String(error.code) : null,
    message: error ? String(error.message) : null,
    body,
  }
}
