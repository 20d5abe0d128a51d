/** The platform's databases besides the one that has its registry: where the statements of what is placed there run. */
import {
  BackSaasError,
  type Connection,
  type Database,
  type Observe,
  PLATFORM_PLACEMENT_ID,
  type Scope,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import { withinTime } from '../http/within-time.ts'
import { type Access, createCachedLookup } from './cached-lookup.ts'
import { checkLogin } from './check-login.ts'

export interface NamedDatabases {
  /**
   * Where the statements of a schema run: of what is not placed elsewhere the request's own connection. Without a promise once the
   * database has been looked at.
   *
   * @throws `DATABASE_UNKNOWN` (503) where it was not given; `PLATFORM_DIFFERS` (503) where the platform's tables there are other ones;
   *   as `checkLogin`.
   */
  connect(schema: BoundSchema, access: Access): Connection | Promise<Connection>
  /** Looks at each that answers soon; the others are looked at when they are used. @throws `LOGIN_TOO_POWERFUL` (503). */
  check(scope: Scope): Promise<void>
}

const SOON_MS = 2_000
/** What was right once stays so; what was not is looked at again. */
const KEPT = { freshMs: Infinity, maxAgeMs: Infinity, absentMs: 0, size: 1_000 } as const
const FITS = `select 1 from backsaas.versions
  where placement_id = $1 and state = 'live' and mapping::jsonb -> 'entities' @> $2::jsonb`

/** @example createNamedDatabases({ eu: pg(process.env.EU_URL) }, null) */
export function createNamedDatabases(
  databases: Readonly<Record<string, Database>>,
  observe: Observe | null,
): NamedDatabases {
  const carried = new WeakMap<BoundSchema, string>()
  const checked = createCachedLookup<true>({
    ...KEPT,
    observe,
    async load(key, { connection }) {
      const [name = '', tables = ''] = key.split(/ (.*)/)
      await checkLogin(connection, name)
      const [result] = await connection.batch([{ text: FITS, params: [PLATFORM_PLACEMENT_ID, tables] }])
      if (result?.rows.length) return true
      throw runtimeError('PLATFORM_DIFFERS', `the database ${name} was set up by another version`, {
        hint: 'Run `backsaas migrate` on all databases.',
      })
    },
  })

  return {
    connect(schema, access) {
      const { database: name } = schema
      if (name === null) return access.connection
      const database = Object.hasOwn(databases, name) ? databases[name] : undefined
      if (!database)
        throw runtimeError('DATABASE_UNKNOWN', `this server was not given the database ${name}`, {
          hint: 'Give it in `databases` of createRuntime, or in BACKSAAS_DATABASES.',
        })
      const there = { scope: access.scope, connection: database.open(access.scope) }
      let key = carried.get(schema)
      if (key === undefined) {
        key = `${name} ${carriedTables(schema)}`
        carried.set(schema, key)
      }
      const looked = checked.get(key, there)
      return looked === true ? there.connection : looked.then(() => there.connection)
    },
    async check(scope) {
      let refused: unknown
      const looks = Object.entries(databases).map(async ([name, database]) => {
        try {
          await checked.get(`${name} {}`, { scope, connection: database.open(scope) })
        } catch (error) {
          if (error instanceof BackSaasError && error.code === 'LOGIN_TOO_POWERFUL') refused = error
          observe?.({ kind: 'error', code: 'NOT_READY', error })
        }
      })
      await withinTime(Promise.all(looks), SOON_MS)
      if (refused) throw refused
    },
  }
}

/** The tables of the platform that a write to `schema` carries rows into, under the names that home has for them: they have to be there. */
function carriedTables({ outbox, executions, counters }: BoundSchema): string {
  const tables = [outbox, executions, counters].flatMap((one) => {
    if (!one) return []
    const { table, columns } = one.mapping
    return [[one.compiled.name, { table, columns }]]
  })
  return JSON.stringify(Object.fromEntries(tables))
}
