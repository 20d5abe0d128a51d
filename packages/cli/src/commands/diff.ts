/** `backsaas diff A B`: what changed from one version of a schema to another, each change with its class and why. */
import type { CompiledSchema } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import type { Command } from 'commander'
import { type CuratedOptions, curated, withFunctions } from '../curated.ts'
import type { Io } from '../io.ts'
import { changeLines } from '../registry/change-lines.ts'
import { readVersion } from '../registry/read-version.ts'
import { type RegistryOptions, withRegistry } from '../registry/registry-access.ts'

interface DiffOptions extends RegistryOptions, CuratedOptions {}

/** Adds the command to `program`. */
export function addDiff(program: Command, io: Io): void {
  const command = program
    .command('diff')
    .description('Show what changed from one version of a schema to another, and what each change would mean.')
    .argument('<a>', 'a file, or schema@version, or owner/schema@version in a database')
    .argument('<b>', 'the same')
    .addHelpText('after', HELP)
  withRegistry(withFunctions(command), 'both').action(async (a: string, b: string, options: DiffOptions) => {
    const [from, to] = [await compiled(a, options, command), await compiled(b, options, command)]
    const { changesJson, diffSchemas } = await import('@backsaas/migrator')
    const changes = diffSchemas(from, to)
    const isCompatible = changes.every((change) => change.class === 'compatible')
    if (options.json) io.out(JSON.stringify({ from: a, to: b, compatible: isCompatible, changes }))
    else {
      io.out(summary(changes.length, isCompatible))
      for (const line of changeLines(changesJson(changes))) io.out(line)
    }
  })
}

async function compiled(place: string, options: DiffOptions, command: Command): Promise<CompiledSchema> {
  const { functions } = await curated(options)
  return compileSchema(await readVersion(place, options, command), { functions })
}

function summary(count: number, isCompatible: boolean): string {
  if (count === 0) return 'no change'
  return `${count === 1 ? '1 change' : `${count} changes`}: ${isCompatible ? 'applied at once' : 'needs a migration'}`
}

const HELP = `
Examples:
  backsaas diff crm.yaml crm-next.yaml
  backsaas diff crm@3 crm.yaml --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas diff system/crm@1 system/crm@2 --database postgres://postgres@127.0.0.1:5432/app --json`
