/** Conversions in TypeScript that schemas name, of a developer's own module. */
import { BackSaasError } from '@backsaas/core'
import type { MigrationHook } from '@backsaas/migrator'
import { type Command, Option } from 'commander'
import { importModule } from './import-module.ts'

export interface MigrationHooksOptions {
  readonly migrationHooks?: string
}

/** Adds `--migration-hooks` to a command. */
export function withMigrationHooks(command: Command): Command {
  return command.addOption(
    new Option(
      '--migration-hooks <module>',
      'a module whose exports are what `convert: { hook: … }` names, each made by `defineMigrationHook`',
    ).env('BACKSAAS_MIGRATION_HOOKS'),
  )
}

/**
 * @param module the path of a module; an empty one, as of a variable that is not set, has none.
 * @throws `MIGRATION_HOOKS_UNREADABLE` (400).
 * @example await migrate(database, './crm.yaml', { run: { hooks: await migrationHooks('./hooks.mjs') } })
 */
export async function migrationHooks(module: string | undefined): Promise<readonly MigrationHook[]> {
  if (!module) return []
  const loaded = await importModule(module, (what, cause) => unreadable(module, what, cause))
  const hooks = [...new Set(Object.values(loaded))]
  const wrong = Object.entries(loaded).find(([, value]) => !isHook(value))
  if (wrong) throw unreadable(module, `exports \`${wrong[0]}\`, which is no hook`)
  const all = hooks as readonly MigrationHook[] // each was looked at above
  const twice = all.find(({ name }, i) => all.findIndex((one) => one.name === name) !== i)
  if (twice) throw unreadable(module, `has two hooks of the name ${twice.name}`)
  if (all.length === 0) throw unreadable(module, 'exports no hook')
  return all
}

function isHook(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { name, up, down } = value as Readonly<Record<string, unknown>>
  return typeof name === 'string' && typeof up === 'function' && (down === undefined || typeof down === 'function')
}

function unreadable(module: string, what: string, cause?: unknown): BackSaasError {
  return new BackSaasError('MIGRATION_HOOKS_UNREADABLE', 400, `${module} ${what}`, {
    hint: "export const splitName = defineMigrationHook({ name: 'split_name', up: … })",
    cause,
  })
}
