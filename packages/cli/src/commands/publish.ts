/** `backsaas publish FILE`: a schema's next version, through the API. */
import type { Pinned } from '@backsaas/migrator'
import { type Command, InvalidArgumentError } from 'commander'
import type { Io } from '../io.ts'
import { readText } from '../read-text.ts'
import { changeLines } from '../registry/change-lines.ts'
import { openRegistryApi, type RegistryOptions, withRegistry } from '../registry/registry-access.ts'

interface PublishOptions extends RegistryOptions {
  readonly base?: number
  readonly hold?: true
}

/** Adds the command to `program`. */
export function addPublish(program: Command, io: Io): void {
  const command = program
    .command('publish')
    .description("Publish a schema as its tenant's: a new one, or the next version of one that is there.")
    .argument('<file>', 'YAML or JSON; it is kept as it is, comments and all')
    .option('--base <version>', 'the version that this was written on: another one is a conflict', version)
    .option('--hold', 'it serves, and nobody moves to it before `backsaas rollout start` does it')
    .addHelpText('after', HELP)
  withRegistry(command, 'http').action(async (file: string, options: PublishOptions) => {
    const { callRegistry } = await import('../registry/call-registry.ts')
    const given = {
      source: readText(file),
      ...(options.base !== undefined && { base: options.base }),
      ...(options.hold && { hold: true }),
    }
    const result = await callRegistry(openRegistryApi(options, command), 'publish_schema', given)
    if (options.json) io.out(JSON.stringify(result))
    else {
      const held = result.held === true ? ', and held back: `backsaas rollout start` brings it to its tenants' : ''
      const done = result.created === true ? `is live${held}` : 'was live already'
      io.out(`${result.schema} version ${result.version} ${done} (${result.hash})`)
      for (const line of changeLines(result.changes ?? [])) io.out(line)
      const pinned = result.pinned as Pinned | undefined // as `publish_schema` answers it
      if (pinned) {
        const { describePinned } = await import('@backsaas/migrator')
        for (const line of describePinned(pinned)) io.out(line)
      }
    }
  })
}

function version(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0) return number
  throw new InvalidArgumentError('It is no version: give a whole number, 0 for a schema that is new.')
}

const HELP = `
Examples:
  backsaas publish crm.yaml --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  BACKSAAS_URL=… BACKSAAS_KEY=… backsaas publish crm.yaml --base 3 --json`
