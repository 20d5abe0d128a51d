import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection, Database, Login } from '@backsaas/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBlankPglite } from '../../../test/blank-pglite.ts'
import { loginsSql } from '../../../test/fresh-database.ts'
import { databaseSuite } from '../../testing/database-suite.ts'
import { SCOPE, sql } from '../../testing/subject.ts'
import { type PgliteDatabase, pglite } from './pglite.ts'

let folder: string
/** A database with its logins, made once: a start from a dump is ten times as fast. */
let dump: Blob

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backsaas-pglite-'))
  const database = await openBlankPglite()
  const owner = database.open(SCOPE, 'owner')
  for (const text of loginsSql({ runtime: 'Run "time"', migrator: 'migrator' }).split(';')) {
    await owner.batch([sql(text)])
  }
  dump = await database.dump()
  await database.close?.()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function ask(connection: Connection, text: string): Promise<string | null | undefined> {
  const [result] = await connection.batch([sql(text)])
  return result?.rows[0]?.[0]
}

const open = async () => pglite(undefined, { loadDataDir: dump })
databaseSuite('pglite', open)
databaseSuite('pglite', open, { login: 'runtime' })
databaseSuite('pglite', open, { login: 'migrator' })

describe('roles', () => {
  let database: Database
  const as = (login: Login) => database.open(SCOPE, login)
  const whose = sql('select owned_by from guarded order by owned_by')

  beforeAll(async () => {
    database = await open()
    await as('owner').batch([
      sql('create table guarded (owned_by text, unique (owned_by))'),
      sql("insert into guarded values ('acme'), ('globex')"),
      sql('alter table guarded enable row level security'),
      sql('alter table guarded force row level security'),
      sql("create policy own on guarded using (owned_by = current_setting('suite.tenant', true))"),
      sql('grant select, insert on guarded to public'),
    ])
  })
  afterAll(() => database.close?.())

  test('row level security holds for the runtime, in single statements and in batches, and only for it', async () => {
    const enter = sql("select set_config('suite.tenant', 'acme', true)")
    expect((await as('runtime').batch([whose]))[0]?.rows).toEqual([])
    expect((await as('runtime').batch([enter, whose]))[1]?.rows).toEqual([['acme']])
    const write = sql("insert into guarded values ('initech')")
    await expect(as('runtime').batch([enter, write])).rejects.toMatchObject({ code: '42501' })
    await expect(as('runtime').batch([write])).rejects.toMatchObject({ code: '42501' })
    // The same rows, seen by those whom no policy binds: the emptiness above is not for want of rows.
    expect((await as('owner').batch([whose]))[0]?.rows).toEqual([['acme'], ['globex']])
    expect((await as('migrator').batch([enter, whose]))[1]?.rows).toEqual([['acme'], ['globex']])
  })

  test('each login is its role, after errors and beside each other too', async () => {
    const roles: Record<Login, string> = { owner: 'postgres', runtime: 'Run "time"', migrator: 'migrator' }
    const logins: readonly Login[] = ['owner', 'runtime', 'migrator']
    const work = Array.from({ length: 60 }, async (_, index) => {
      const login = logins[index % 3] ?? 'owner'
      await as(login)
        .batch([sql('select 1/0')])
        .catch(() => {})
      await as(login)
        .batch([sql('select 1'), sql('select nonsense')])
        .catch(() => {})
      expect(await ask(as(login), 'select current_user')).toBe(roles[login])
    })
    await Promise.all(work)
  })

  test('the runtime may neither create nor read logins', async () => {
    await expect(ask(as('runtime'), 'create table public.mine ()')).rejects.toMatchObject({ code: '42501' })
    await expect(ask(as('runtime'), 'select * from backsaas.logins')).rejects.toMatchObject({ code: '42501' })
  })

  test('a script and a transaction of the migrator are the migrator’s, and leave no role behind', async () => {
    const who = sql("select current_user || ' ' || current_setting('row_security')")
    const [scripted] = (await as('migrator').script?.([who])) ?? []
    expect(scripted?.rows).toEqual([['migrator off']])
    await expect(as('migrator').script?.([sql('select 1/0')])).rejects.toMatchObject({ code: '22012' })
    await as('migrator').transaction?.(async (inner) => {
      expect((await inner.batch([who]))[0]?.rows).toEqual([['migrator off']])
    })
    expect(await ask(as('owner'), "select current_user || ' ' || current_setting('row_security')")).toBe('postgres on')
  })

  test('without bypass, the migrator is told so instead of seeing too little', async () => {
    await as('owner').batch([sql('alter role migrator nobypassrls')])
    await expect(as('migrator').batch([whose])).rejects.toMatchObject({ code: '42501' })
    await as('owner').batch([sql('alter role migrator bypassrls')])
  })

  test('the runtime has neither transactions nor scripts', () => {
    expect([as('runtime').transaction, as('runtime').script]).toEqual([undefined, undefined])
  })

  test('a statement beside an open transaction is refused: it would wait for ever', async () => {
    const work = as('owner').transaction?.(() => ask(as('owner'), 'select 1'))
    await expect(work).rejects.toMatchObject({ code: 'TRANSACTION_OPEN' })
    expect(await ask(as('owner'), 'select 1')).toBe('1')
  })
})

describe('bootstrap', () => {
  test('before it only the owner gets in; after it the others do, without a new database', async () => {
    const database = pglite()
    await expect(ask(database.open(SCOPE), 'select 1')).rejects.toMatchObject({
      code: 'NOT_BOOTSTRAPPED',
      hint: 'run `backsaas migrate`',
    })
    const owner = database.open(SCOPE, 'owner')
    for (const text of loginsSql({ runtime: 'r', migrator: 'm' }).split(';')) await owner.batch([sql(text)])
    expect(await ask(database.open(SCOPE), 'select current_user')).toBe('r')
    await owner.batch([sql('update backsaas.logins set name = $1 where kind = $2', 'gone', 'migrator')])
    await database.close?.()
  })
})

describe('a data folder', () => {
  const openIn = (name: string, options?: { loadDataDir?: Blob }): PgliteDatabase => pglite(join(folder, name), options)

  test('keeps what was written, and takes a dump only where it is new', async () => {
    const first = openIn('kept', { loadDataDir: dump })
    await first.open(SCOPE, 'owner').batch([sql('create table kept as select 1 as n')])
    await first.close?.()
    const second = openIn('kept', { loadDataDir: dump })
    expect(await ask(second.open(SCOPE, 'owner'), 'select n from kept')).toBe('1')
    expect(await ask(second.open(SCOPE), 'select current_user')).toBe('Run "time"')
    await second.close?.()
    expect(existsSync(join(folder, 'kept', 'lock'))).toBe(false)
  })

  test('nothing is made before the first statement', async () => {
    const database = openIn('lazy')
    await database.close?.()
    expect(existsSync(join(folder, 'lazy'))).toBe(false)
  })

  test('is for one process, and one database in it, at a time', async () => {
    const first = openIn('shared', { loadDataDir: dump })
    await ask(first.open(SCOPE, 'owner'), 'select 1')
    const second = openIn('shared')
    await expect(ask(second.open(SCOPE, 'owner'), 'select 1')).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      status: 503,
      message: expect.stringContaining(`in use by process ${process.pid}`),
    })
    await first.close?.()
    expect(await ask(second.open(SCOPE, 'owner'), 'select 1')).toBe('1')
    await second.close?.()
  })

  test('of a process that is gone is taken over', async () => {
    await openAndClose('gone')
    const lock = join(folder, 'gone', 'lock')
    const gone = [
      { pid: 2 ** 22 + 1, started: '1', token: 'of no process' },
      { pid: process.pid, started: '1', token: 'of one that had our number before' },
      { pid: process.ppid, started: '1', token: 'of one whose number another has now' },
    ]
    for (const holder of process.platform === 'linux' ? gone : gone.slice(0, 2)) {
      await writeFile(lock, JSON.stringify(holder))
      await openAndClose('gone')
    }
    await writeFile(lock, '{"pid":')
    await openAndClose('gone')
  })

  test('of a process that lives is not', async () => {
    await openAndClose('lives')
    const lock = join(folder, 'lives', 'lock')
    await writeFile(lock, JSON.stringify({ pid: process.ppid, started: null, token: 'theirs' }))
    await expect(openAndClose('lives')).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' })
    expect(await readFile(lock, 'utf8')).toContain('theirs')
  })

  test('that cannot be written is told so', async () => {
    await writeFile(join(folder, 'file'), '')
    const unusable = [join(folder, 'file'), join(folder, 'file', 'below')]
    if (process.platform === 'linux') unusable.push('/proc/backsaas/data')
    for (const name of unusable) {
      const work = ask(pglite(name).open(SCOPE, 'owner'), 'select 1')
      await expect(work).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', hint: expect.any(String) })
    }
  })

  test('whose making was broken off is made again', async () => {
    await openAndClose('broken')
    await rm(join(folder, 'broken', 'complete'))
    await rm(join(folder, 'broken', 'data', 'global'), { recursive: true })
    await openAndClose('broken')
    await rm(join(folder, 'broken', 'data', 'global'), { recursive: true })
    await expect(openAndClose('broken')).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' })
  })

  test('keeps every row that was acknowledged before its process was killed', async () => {
    const first = openIn('killed', { loadDataDir: dump })
    await first.open(SCOPE, 'owner').batch([sql('create table acknowledged (n int)')])
    await first.close?.()
    let most = 0
    for (let round = 0; round < 3; round++) {
      most = Math.max(most, await writeUntilKilled(join(folder, 'killed'), most + 1, 300 + round * 150))
      const database = openIn('killed')
      const rows = 'select count(*) || $$ $$ || coalesce(max(n), 0) from acknowledged'
      const [count, max] = (await ask(database.open(SCOPE, 'owner'), rows))?.split(' ').map(Number) ?? []
      expect(max).toBeGreaterThanOrEqual(most)
      expect(count).toBe(max)
      most = max ?? 0
      await database.close?.()
    }
    expect(most).toBeGreaterThan(30)
  })

  async function openAndClose(name: string): Promise<void> {
    const database = openIn(name, existsSync(join(folder, name, 'complete')) ? {} : { loadDataDir: dump })
    expect(await ask(database.open(SCOPE, 'owner'), 'select 1')).toBe('1')
    await database.close?.()
  }
})

/** A process that writes rows and tells each one it was answered; killed after `ms` of writing. Answers the last. */
async function writeUntilKilled(dataDir: string, from: number, ms: number): Promise<number> {
  const program = `
    import { pglite } from ${JSON.stringify(new URL('pglite.ts', import.meta.url).href)}
    const owner = pglite(${JSON.stringify(dataDir)}).open({ waitUntil() {}, now: Date.now }, 'owner')
    for (let n = ${from}; ; n++) {
      const text = 'insert into acknowledged values ($1)'
      await owner.batch(n % 2 ? [{ text, params: [String(n)] }] : [{ text: 'select 1', params: [] }, { text, params: [String(n)] }])
      process.stdout.write(n + '\\n')
    }`
  const args = ['--conditions=@backsaas/source', '--input-type=module-typescript', '--eval', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.on('data', (chunk) => {
    if (told === '') setTimeout(() => child.kill('SIGKILL'), ms)
    told += chunk
  })
  await new Promise((resolve) => child.on('close', resolve))
  return Number(
    told
      .trim()
      .split('\n')
      .slice(0, told.endsWith('\n') ? undefined : -1)
      .at(-1) ?? 0,
  )
}
