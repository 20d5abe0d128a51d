/**
 * `npm run bench:policies`: how long it takes to make decisions of rules, and to look one up. The first is done when a
 * schema is loaded or a tenant's policies change, the second for a request of a role that has not asked before.
 * Times are of the processor in the thread that does it, so that a busy machine does not count twice.
 */
import type { CompiledSchema, PolicyRow } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { policies } from '@backsaas/plugins/policies'

const ACTIONS = ['read', 'create', 'update', 'delete'] as const
const ROLES = 10
const ENTITIES = 10
const RUNS = 200
const LOOKUPS = 1_000_000

const { decide } = policies().access
const schema = schemaOf()
const hundred = rowsOf(100)
const load = await time(() => decide(schemaOf(), rowsOf(1)))
const cold = await time(() => decide(schema, hundred))
/** As a schema that is met for the first time: what was compiled for it before is not known. */
const anew = (): CompiledSchema => ({ ...schema })
let changes = 0
const changed = (): readonly PolicyRow[] =>
  hundred.map((row, i) => (i === 50 ? { ...row, where: `title == 'changed ${changes++}'` } : row))
const rows = [
  ['load what compiles, and compile one policy', `${load.toFixed(1)} ms`],
  ['compile 100 policies, the first time in a process', `${cold.toFixed(2)} ms`],
  ['compile 100 policies', `${(await median(() => decide(anew(), hundred))).toFixed(2)} ms`],
  ['compile 100 policies of which one has changed', `${(await median(() => decide(schema, changed()))).toFixed(2)} ms`],
  ['compile 1000 policies', `${(await median(() => decide(anew(), rowsOf(1000)))).toFixed(2)} ms`],
  ['look up one of the decisions of 1000 policies', `${(await lookUp()).toFixed(4)} µs`],
]
const width = Math.max(...rows.map(([what = '']) => what.length))
for (const [what = '', figure] of rows) console.log(`${what.padEnd(width)}  ${figure}`)

/** Roles that inherit in a chain, and entities of a few fields each. */
function schemaOf(): CompiledSchema {
  const roles = Array.from({ length: ROLES }, (_, i) => `r${i}: { inherits: [${i === 0 ? '' : `r${i - 1}`}] }`)
  const fields = 'title: { type: string }, owner: { type: uuid }, state: { type: enum, values: [open, closed] }'
  const entities = Array.from({ length: ENTITIES }, (_, i) => `e${i}: { fields: { ${fields} } }`)
  return compileSchema(`{ schema: bench, roles: { ${roles.join(', ')} }, entities: { ${entities.join(', ')} } }`)
}

/** Each with a condition; some with fields, some that forbid. */
function rowsOf(count: number): readonly PolicyRow[] {
  return Array.from({ length: count }, (_, i) => ({
    id: String(i),
    schema: 'bench',
    role: `r${i % ROLES}`,
    entity: `e${Math.floor(i / 4) % ENTITIES}`,
    action: ACTIONS[i % 4] ?? 'read',
    effect: i % 9 === 0 ? 'deny' : 'allow',
    where: `owner == current_user.id && title != 't${i}'`,
    check: null,
    fields: i % 4 < 3 && i % 5 === 0 ? ['title', 'state'] : null,
    except: null,
  }))
}

async function lookUp(): Promise<number> {
  const { roles } = await decide(schema, rowsOf(1000))
  let found = 0
  const ms = await time(() => {
    for (let i = 0; i < LOOKUPS; i++) found += roles[`r${i % ROLES}`]?.[`e${i % ENTITIES}`]?.read?.length ?? 0
  })
  if (found === 0) throw new Error('nothing was looked up')
  return (ms * 1000) / LOOKUPS
}

async function time(run: () => unknown): Promise<number> {
  const start = process.threadCpuUsage()
  await run()
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / 1000
}

async function median(run: () => unknown): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < RUNS; i++) times.push(await time(run))
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0
}
