/** A breaking change to the steps that make it, while both versions serve. Pure: it runs in a browser too. */
import type { CompiledSchema } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { announce } from './announce.ts'
import type { Change } from './change.ts'
import type { PlanProblem } from './conversion.ts'
import { createMapping } from './create-mapping.ts'
import { diffSchemas, refuseAmbiguous } from './diff.ts'
import { fieldChange } from './diff-field.ts'
import { type Matches, matchSchemas } from './identity.ts'
import { type Layout, type MigrationContext, NO_LOCK, type StepDraft } from './layout.ts'
import { createNames } from './names.ts'
import { planBackfill } from './plan-backfill.ts'
import { planContract } from './plan-contract.ts'
import { planExpand } from './plan-expand.ts'
import { refuseOverWaiting, syncsOf } from './plan-over.ts'
import { planTables } from './plan-table.ts'
import type { MigrationPlan, Step } from './steps.ts'

/**
 * @param next with its ids, as `previous`.
 * @throws `CHANGE_AMBIGUOUS` (409) where the document can be read in several ways; `MIGRATION_INCOMPLETE` (409) where it does not
 *   say what becomes of values; `MIGRATION_UNSUPPORTED` (409) with what cannot be changed yet; `MIGRATION_OPEN` (409) where a
 *   migration that waits is in the way.
 * @example planMigration(crm2, crm1, context).steps.map(({ phase, title }) => `${phase}: ${title}`)
 */
export function planMigration(
  next: CompiledSchema,
  previous: CompiledSchema,
  context: MigrationContext,
): MigrationPlan {
  const changes = diffSchemas(previous, next)
  refuseAmbiguous(next.name, changes)
  const matches = matchSchemas(previous, next)
  refuseUnsupported(next.name, changes, matches)
  const names = createNames(context.taken)
  const mapping = createMapping(next, {
    pgSchema: context.pgSchema,
    naming: context.naming,
    history: context.history,
    previous: { mapping: context.previous, matches },
    fresh: freshColumns(matches),
    names,
  })
  const problems: PlanProblem[] = []
  const tables = planTables({ next, previous, mapping, old: context.previous }, matches, problems)
  refuseIncomplete(next.name, problems)
  const waiting = context.waiting ?? []
  refuseOverWaiting(next, tables, context)
  const syncNames = new Map(
    tables.map(({ table }) => [table, context.syncFunctions.get(table) ?? names(`${table}_sync`)]),
  )
  const hooked = tables.filter(({ hooks }) => hooks.size > 0)
  const queueNames = new Map(hooked.map(({ table }) => [table, names(`${table}_queue`)]))
  const waitingSyncs = syncsOf(waiting)
  const layout: Layout = {
    ...{ next, previous, matches, mapping, context, tables },
    ...{ waitingSyncs, syncNames, queueNames, names },
  }
  const steps = numbered([
    ...planExpand(layout),
    ...planBackfill(layout),
    liveStep(layout),
    retireStep(layout),
    ...planContract(layout),
  ])
  // Estimates may differ from one look to the next; what is done does not.
  const done = steps.map(({ rows: _, estimateMs: __, ...step }) => step)
  const hash = bytesToHex(sha256(utf8ToBytes(JSON.stringify([done, mapping]))))
  return {
    schema: next.name,
    fromVersion: context.fromVersion,
    toVersion: context.toVersion,
    ...(waiting.length > 0 && { over: waiting.map(({ toVersion }) => toVersion) }),
    changes,
    mapping,
    steps,
    announcements: announce(layout),
    token: hash.slice(0, 12),
    hash,
  }
}

/** Every breaking change that no step is known for. */
function refuseUnsupported(schema: string, changes: readonly Change[], matches: Matches): void {
  const list = changes.filter((change) => {
    if (change.type === 'CHANGE_KEY' || change.type === 'ADD_IDENTITY') return true
    const match = matches.entities.get(change.entity ?? '')
    const after = match?.after.fields[change.field ?? '']
    const before = match?.before.fields[match.origins.get(change.field ?? '') ?? '']
    if (!match || !after || !before) return false
    const { column } = fieldChange(before, after, match)
    return column === 'unsupported' || (column === 'convert' && match.after.key.includes(after.name))
  })
  if (list.length === 0) return
  throw new BackSaasError(
    'MIGRATION_UNSUPPORTED',
    409,
    `the new version of "${schema}" changes what cannot be changed yet`,
    {
      details: list.map(({ type, pointer, message }) => `${type} ${pointer}: ${message}`).join('\n'),
      hint: 'keys, identities, and fields that become computed or stop being so: add another field or entity instead',
      errors: list.map(({ pointer, type, message }) => ({ pointer, code: type, detail: message })),
    },
  )
}

function refuseIncomplete(schema: string, problems: readonly PlanProblem[]): void {
  if (problems.length === 0) return
  throw new BackSaasError(
    'MIGRATION_INCOMPLETE',
    409,
    `the new version of "${schema}" does not say what becomes of values`,
    {
      details: problems
        .map(({ pointer, code, message, hint }) => `${code} ${pointer}: ${message}${hint ? ` (${hint})` : ''}`)
        .join('\n'),
      hint: 'docs/migrations.md lists what can be said',
      errors: problems.map(({ pointer, code, message, hint }) => ({
        pointer,
        code,
        detail: hint ? `${message}; ${hint}` : message,
      })),
    },
  )
}

function freshColumns(matches: Matches): { columns: ReadonlySet<string>; checks: ReadonlySet<string> } {
  const columns = new Set<string>()
  const checks = new Set<string>()
  for (const match of matches.entities.values()) {
    for (const field of Object.values(match.after.fields)) {
      const before = match.before.fields[match.origins.get(field.name) ?? '']
      if (!before) continue
      const { column, constraint } = fieldChange(before, field, match)
      const name = `${match.after.name}.${field.name}`
      if (column === 'convert' || column === 'recompute') columns.add(name)
      if (constraint !== 'same') checks.add(name)
    }
  }
  return { columns, checks }
}

function numbered(drafts: readonly StepDraft[]): Step[] {
  const counts = new Map<string, number>()
  return drafts.map((draft) => {
    const n = (counts.get(draft.phase) ?? 0) + 1
    counts.set(draft.phase, n)
    // The drafts are steps without their ids.
    return { id: `${draft.phase}/${n}`, ...draft } as Step
  })
}

function liveStep({ context, next }: Layout): StepDraft {
  return {
    ...NO_LOCK,
    kind: 'live',
    phase: 'live',
    title: `version ${context.toVersion} of ${next.name} is live, and installs move to it`,
    statements: [],
    inverse: [],
  }
}

function retireStep({ context, next }: Layout): StepDraft {
  return {
    ...NO_LOCK,
    kind: 'retire',
    phase: 'contract',
    title: `the versions of ${next.name} before ${context.toVersion} are retired, and nobody is left who uses them`,
    statements: [],
    inverse: [],
  }
}
