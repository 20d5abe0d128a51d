/** The command in this process, on a platform of two databases: `eu` beside the one that has the registry. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@backsaas/cli'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface FleetCli {
  readonly home: TestDatabase
  readonly eu: TestDatabase
  cli(...args: readonly string[]): Promise<Said>
  /** With other databases beside the first, as `BACKSAAS_DATABASES` has them, or another first one. */
  cliWith(databases: string | { readonly home: string }, ...args: readonly string[]): Promise<Said>
  /** The path of a schema of these fields of `people`. */
  file(schema: string, ...fields: readonly string[]): string
  /** The table of `people` in a store, and one of its tenants. */
  people(schema: string, store: string): Promise<{ readonly table: string; readonly tenant: string }>
  close(): Promise<void>
}

export async function startFleetCli(): Promise<FleetCli> {
  const [home, eu] = [await createTestDatabase(), await createTestDatabase()]
  const folder = mkdtempSync(join(tmpdir(), 'backsaas-stores-'))
  let files = 0
  const cliWith: FleetCli['cliWith'] = async (given, ...args) => {
    const [out, err]: [string[], string[]] = [[], []]
    const [first, others] = typeof given === 'string' ? [home.url, given] : [given.home, '']
    const code = await run([...args, '--database', first], {
      env: { BACKSAAS_DATABASES: others },
      isTty: false,
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
      untilStopped: () => new Promise<void>(() => {}),
    })
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
  return {
    home,
    eu,
    cli: (...args) => cliWith(`eu=${eu.url}`, ...args),
    cliWith,
    file(schema, ...fields) {
      const path = join(folder, `${++files}.yaml`)
      const lines = fields.map((field) => `      ${field}\n`).join('')
      writeFileSync(path, `schema: ${schema}\nentities:\n  people:\n    fields:\n${lines}`)
      return path
    },
    async people(schema, store) {
      const [names] = await home.query(
        `select m ->> 'schema' as schema, m -> 'entities' -> 'stores' ->> 'table' as stores, m -> 'entities' -> 'installs' ->> 'table' as installs
         from (select mapping::json as m from backsaas.versions where placement_id = '00000000-0000-7000-8000-000000000002'
           and state = 'live' order by version desc limit 1) x`,
      )
      const [row] = await home.query(
        `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'people' ->> 'table') as table, i.tenant_id::text as tenant
         from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
         join "${names?.schema}"."${names?.stores}" s on s.id = p.store_id
         join "${names?.schema}"."${names?.installs}" i on i.placement_id = p.id
         where p.schema_name = '${schema}' and s.name = '${store}' limit 1`,
      )
      return { table: String(row?.table), tenant: String(row?.tenant) }
    },
    async close() {
      rmSync(folder, { recursive: true, force: true })
      await Promise.all([home.drop(), eu.drop()])
    },
  }
}
