/** Bootstrap with less than a superuser's rights: it finds a way, or says exactly what a DBA has to run. */
import { randomBytes } from 'node:crypto'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { type BackSaasError, type Database, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import sql from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf, openPostgres, SCOPE, type TestDatabase } from '../../test/open-databases.ts'
import { shop } from '../../test/schemas.ts'
import { createTenant, migrate } from '../index.ts'
import { bootstrap } from './bootstrap.ts'

describe('bootstrap without a superuser', () => {
  let db: TestDatabase
  let login: Database
  let user: string
  const notices: string[] = []
  const options = { report: (line: string) => void notices.push(line) }

  /** A login of these attributes, named after the database so that it is dropped with it. */
  async function logIn(attributes: string, onDatabase: string): Promise<void> {
    const [[name] = []] = await db.sql('select current_database()::text')
    user = `u${randomBytes(2).toString('hex')}_${name}`
    await db.sql(`create role ${user} login ${attributes} password 'p'`)
    await db.sql(`grant ${onDatabase} on database ${name} to ${user}`)
    const url = new URL(db.url)
    url.username = user
    url.password = 'p'
    login = postgres(url.href)
  }

  beforeEach(async () => {
    db = await openPostgres()
    notices.length = 0
  })
  afterEach(async () => {
    await login.close?.()
    await db.close()
  })

  test('CREATEROLE without BYPASSRLS: says so, binds the runtime only, and the runtime is bound', async () => {
    await logIn('createrole', 'create')
    await bootstrap(login, options)
    await bootstrap(login, options)
    expect(notices[0]).toMatch(/cannot bypass row level security/)
    await migrate(login, shop(), options)
    const { id } = await createTenant(login, { slug: 'acme', schemas: ['shop'] })
    const bound = await db.sql(
      `select distinct roles::text, permissive from pg_policies where schemaname like 'backsaas%' order by 2`,
    )
    const policies = 'select oid::text from pg_policy order by 1'
    const before = await db.sql(policies)
    await bootstrap(login, options)
    expect(await db.sql(policies)).toEqual(before)
    const [[runtime] = []] = await db.sql(`select name from backsaas.logins where kind = 'runtime'`)
    expect(bound).toEqual([
      ['{public}', 'PERMISSIVE'],
      [`{${runtime}}`, 'RESTRICTIVE'],
    ])
    const tenants = 'backsaas_00000000000070008000000000000003.tenants'
    const run = (text: string): Promise<unknown> => {
      const enter = { text: `select backsaas.enter($1, $2, 1)`, params: [id, PLATFORM_PLACEMENT_ID] }
      return login.open(SCOPE, 'runtime').batch([enter, { text, params: [] }])
    }
    expect(await run(`select * from ${tenants}`)).toMatchObject([{ count: 1 }, { count: 0 }])
    const outside = login.open(SCOPE, 'runtime').batch([{ text: `select * from ${tenants}`, params: [] }])
    expect(['42704', '22P02']).toContain(await codeOf(outside))
  })

  test('no CREATEROLE: refused with the SQL for a DBA, after which it works', async () => {
    await logIn('', 'create')
    const error = await bootstrap(login, options).then(
      () => null,
      (e: BackSaasError) => e,
    )
    expect(error?.code).toBe('BOOTSTRAP_NEEDS_CREATEROLE')
    expect(error?.message).toContain('CREATEROLE')
    expect(await db.sql(`select 1 from pg_namespace where nspname like 'backsaas%'`)).toEqual([])
    for (const statement of String(error?.details ?? '').split(';\n')) await db.sql(statement.replace(/;$/, ''))
    await bootstrap(login, options)
    await migrate(login, shop(), options)
    await createTenant(login, { slug: 'acme', schemas: ['shop'] })
    expect(notices).toEqual([])
    const [migrator] = await db.sql(
      `select r.rolbypassrls::text from pg_roles r join backsaas.logins l on l.name = r.rolname where l.kind = 'migrator'`,
    )
    expect(migrator).toEqual(['true'])
  })

  test("no right to alter the runtime's login, whose settings are wrong: part of the SQL for a DBA", async () => {
    await logIn('createrole', 'create')
    await bootstrap(login, options)
    const [[runtime] = []] = await db.sql(`select name from backsaas.logins where kind = 'runtime'`)
    await db.sql(`alter role "${runtime}" reset timezone`)
    await db.sql(`alter role ${user} nocreaterole`)
    const error = await bootstrap(login, options).catch((e: BackSaasError) => e)
    expect(error).toMatchObject({
      code: 'BOOTSTRAP_NEEDS_CREATEROLE',
      details: `alter role "${runtime}" set TimeZone = 'UTC';`,
    })
    await db.sql(`alter role "${runtime}" set TimeZone = 'UTC'`)
    await bootstrap(login, options)
  })

  test('a migrator that may bypass row level security by now: the policies of tables that stand bind all', async () => {
    await logIn('createrole', 'create')
    await bootstrap(login, options)
    await migrate(login, shop(), options)
    const [[migrator] = []] = await db.sql(`select name from backsaas.logins where kind = 'migrator'`)
    await db.sql(`alter role "${migrator}" bypassrls`)
    await bootstrap(login, options)
    const bound = await db.sql(`select distinct roles::text from pg_policies where schemaname like 'backsaas%'`)
    expect(bound).toEqual([['{public}']])
  })

  test('no CREATE on the database: named too', async () => {
    await logIn('createrole', 'connect')
    const error = await bootstrap(login, options).then(
      () => null,
      (e: BackSaasError) => e,
    )
    expect(error?.code).toBe('BOOTSTRAP_NEEDS_CREATEROLE')
    expect(error?.message).toContain('CREATE on the database')
  })

  test('another login than the first may not read the logins: a clear error', async () => {
    await bootstrap(db.database, options)
    await logIn('createrole', 'create')
    expect(await codeOf(bootstrap(login, options))).toBe('BOOTSTRAP_FORBIDDEN')
  })
})

describe('a session of the runtime', () => {
  test('that sets nothing itself has the settings that the adapter gives one', async () => {
    const db = await openPostgres()
    await bootstrap(db.database, { report: () => {} })
    const [[name, password] = []] = await db.sql(`select name, password from backsaas.logins where kind = 'runtime'`)
    const names = ['TimeZone', 'DateStyle', 'IntervalStyle', 'bytea_output', 'statement_timeout']
    const show = `select ${names.map((one) => `current_setting('${one}')`).join(', ')}`
    const url = new URL(db.url)
    url.username = name ?? ''
    url.password = password ?? ''
    const bare = sql(url.href, { max: 1 })
    const [row] = await bare.unsafe(show).values()
    await bare.end()
    expect([row]).toEqual(await db.as('runtime', show))
    await db.close()
  })
})

describe('role names', () => {
  test('a role of our name that is not ours is left alone', async () => {
    const db = await openPostgres()
    const [[name] = []] = await db.sql('select current_database()::text')
    await db.sql(`create role "backsaas_runtime_${name}" nologin createdb`)
    await bootstrap(db.database)
    const [[runtime] = []] = await db.sql(`select name from backsaas.logins where kind = 'runtime'`)
    expect(runtime).not.toBe(`backsaas_runtime_${name}`)
    const [theirs] = await db.sql(`select rolcanlogin::text, rolcreatedb::text from pg_roles where rolname = $1`, [
      `backsaas_runtime_${name}`,
    ])
    expect(theirs).toEqual(['false', 'true'])
    expect(await db.as('runtime', 'select current_user::text')).toEqual([[runtime]])
    await db.close()
  })

  test('two bootstraps at once are one', async () => {
    const db = await openPostgres()
    const other = postgres(db.url)
    await Promise.all([bootstrap(db.database), bootstrap(other), bootstrap(db.database)])
    expect(await db.sql('select version::text from backsaas.versions')).toEqual([['1']])
    await other.close?.()
    await db.close()
  })
})
