/** What a stranger writes who has installed the packages: the code of the documentation, to the letter. */

/** Runs on Node alone: it migrates, and reads its schema from a file. */
const SERVER = `
import { pg } from '@backsaas/adapters/databases/pg'
import { createTenant, migrate } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { Hono } from 'hono'
import { session, type Signed } from './session.ts'

const database = pg(process.env.DATABASE_URL)
const curated = functions()
await migrate(database, './crm.yaml', { decide: policies().access.decide, functions: curated.functions })
await createTenant(database, { slug: 'acme', schemas: ['crm'] })
const backsaas = createRuntime({
  database,
  schemas: ['./crm.yaml'],
  identify: (c) => ({ tenant: 'acme', id: c.get('user').id, roles: ['admin'] }),
  plugins: [policies(), curated],
})
const app = new Hono<Signed>()
app.use(session())
app.route('/api', backsaas.app)
app.get('/report', async (c) => c.json(await backsaas.for(c).from('contacts').select('id').limit(5)))
process.on('SIGTERM', () => backsaas.close())
export default app
`

/** Runs on Node and in workerd: the schema is compiled, and the database is brought up to date elsewhere. */
const APP = `
import { pg } from '@backsaas/adapters/databases/pg'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { Hono } from 'hono'
import { crm } from './crm.ts'
import { session, type Signed } from './session.ts'

const backsaas = createRuntime({
  database: pg(process.env.DATABASE_URL, { serveAs: 'given' }),
  schemas: [crm],
  identify: (c) => ({ tenant: 'acme', id: c.get('user').id, roles: ['admin'] }),
  plugins: [policies()],
})
const app = new Hono<Signed>()
app.use(session())
app.route('/api', backsaas.app)
app.get('/report', async (c) => c.json(await backsaas.for(c).from('contacts').select('id').limit(5)))
process.on('SIGTERM', () => backsaas.close())
export default app
`

const SESSION = `
import type { MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'

export type Signed = { Variables: { user: { readonly id: string } } }

export function session(): MiddlewareHandler<Signed> {
  return async (c, next) => {
    const id = c.req.header('x-user')
    if (!id) throw new HTTPException(401, { message: 'who are you?' })
    c.set('user', { id })
    await next()
  }
}
`

/** Compiles the schema at build time, to a module with a type. */
const COMPILE = `
import { readFileSync, writeFileSync } from 'node:fs'
import { compileSchema } from '@backsaas/core/language'
import { functions } from '@backsaas/plugins/functions'

const crm = compileSchema(readFileSync('crm.yaml', 'utf8'), functions())
writeFileSync(
  'crm.ts',
  \`import type { CompiledSchema } from '@backsaas/core'\\n\\nexport const crm: CompiledSchema = \${JSON.stringify(crm)}\\n\`,
)
`

/** Serves the app of a module on a port of the system's choice, and prints it. */
const SERVE = `
import { serve } from '@hono/node-server'

const { default: app } = await import(process.argv[2] ?? '')
const server = serve({ fetch: app.fetch, port: 0 }, ({ port }) => console.log(\`port \${port}\`))
process.on('SIGTERM', () => server.close())
`

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable'],
    module: 'nodenext',
    types: ['node'],
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: false,
  },
  files: ['app.ts', 'server.ts', 'uses.ts'],
}

/** Every public entry, so that all of their declarations are checked. */
const USES = `
import { memory } from '@backsaas/adapters/buses/memory'
import { notify } from '@backsaas/adapters/buses/notify'
import { redis } from '@backsaas/adapters/buses/redis'
import { upstash } from '@backsaas/adapters/buses/upstash'
import { pglite } from '@backsaas/adapters/databases/pglite'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { run } from '@backsaas/cli'
import { type Bus, type Database, definePlugin } from '@backsaas/core'
import { startRelay } from '@backsaas/migrator'

export const databases: Database[] = [postgres('postgres://localhost/app'), pglite()]
export const buses: Bus[] = [
  memory(),
  notify(pglite()),
  redis('redis://localhost'),
  upstash({ url: 'https://x.upstash.io', token: 'x' }),
]
export const plugin: { readonly name: 'mine' } = definePlugin({ name: 'mine' })
export const others = [run, startRelay]
`

const WRANGLER = {
  name: 'stranger',
  main: 'app.ts',
  compatibility_date: '2026-09-01',
  compatibility_flags: ['nodejs_compat'],
}

/** By file name; `crm.yaml` is added by who writes them. */
export const STRANGER_FILES: Readonly<Record<string, string>> = {
  'server.ts': SERVER,
  'app.ts': APP,
  'session.ts': SESSION,
  'compile.mjs': COMPILE,
  'serve.mjs': SERVE,
  'uses.ts': USES,
  'tsconfig.json': JSON.stringify(TSCONFIG),
  'wrangler.json': JSON.stringify(WRANGLER),
}
