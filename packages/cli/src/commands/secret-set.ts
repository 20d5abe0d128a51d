/** `backsaas secret set TENANT NAME`: a secret of a tenant's functions, read from standard input or a variable. */
import { BackSaasError, readSecretKeys } from '@backsaas/core'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'

interface SecretOptions extends DatabaseOptions {
  readonly from: string
}

const NAME = /^[a-z][a-z0-9_]{0,99}$/

/** Adds the command to `program`. */
export function addSecretSet(program: Command, io: Io): void {
  const command = program
    .command('set')
    .description('Set a secret that functions of a tenant use, in place of one of that name.')
    .argument('<tenant>', 'slug or id')
    .argument('<name>', 'small letters, digits and _')
    .requiredOption('--from <variable>', 'the environment variable that holds the secret: arguments are seen by others')
    .addHelpText('after', HELP)
  withDatabase(command).action((tenant: string, name: string, options: SecretOptions) =>
    setSecret(tenant, name, options, io),
  )
}

async function setSecret(tenant: string, name: string, options: SecretOptions, io: Io): Promise<void> {
  if (!NAME.test(name))
    throw new BackSaasError('SECRET_NAME_INVALID', 400, `${JSON.stringify(name)} names no secret`, {
      hint: 'A name is small letters, digits and _, as crm_leads.',
    })
  const value = io.env[options.from] ?? ''
  if (value === '')
    throw new BackSaasError('SECRET_EMPTY', 400, `the variable ${options.from} holds no secret`, {
      hint: `Set it for this command: ${options.from}=… backsaas secret set …`,
    })
  const keys = await readSecretKeys(io.env.BACKSAAS_SECRET_KEYS ?? '')
  const { writeSecret } = await import('@backsaas/migrator')
  await useDatabase(options.database, (database) => writeSecret(database, { tenant, name, value }, keys))
  io.out(options.json ? JSON.stringify({ tenant, name }) : `the secret ${name} of ${tenant} is set`)
}

const HELP = `
It is sealed with the first key of BACKSAAS_SECRET_KEYS (32 bytes in base64, several with commas between them).

Examples:
  WEBHOOK_SECRET=whsec_… backsaas secret set acme crm_leads --from WEBHOOK_SECRET`
