/** The migrations of a placement that wait for their contract, with what each of them waits for. */
import { type Connection, invariant } from '@backsaas/core'
import { whoHoldsOld } from '../execute/retire-versions.ts'
import type { LiveVersion, WaitingMigration } from '../plan/waiting-migration.ts'
import { readCompiled, readPlatform } from './platform.ts'
import type { OpenMigration, Standing, StandingVersion } from './standing.ts'

export async function readWaiting(connection: Connection, standing: Standing): Promise<WaitingMigration[]> {
  const waiting: WaitingMigration[] = []
  for (const one of standing.open) if (one.isWaiting) waiting.push(await withHolder(connection, standing, one))
  return waiting
}

async function withHolder(
  connection: Connection,
  { placementId, versions }: Standing,
  { id, fromVersion, toVersion, phase }: OpenMigration,
): Promise<WaitingMigration> {
  const platform = await readPlatform(connection)
  const holder = await whoHoldsOld(connection, platform, { placementId, toVersion }, phase === 'live')
  const nobody = phase === 'live' ? 'nobody has asked for its contract' : 'its contract is about to begin'
  const [before, after] = [versionOf(versions, fromVersion), versionOf(versions, toVersion)]
  return { id, fromVersion, toVersion, waitsFor: holder?.message ?? nobody, before, after }
}

function versionOf(versions: readonly StandingVersion[], wanted: number): LiveVersion {
  const found = versions.find(({ version }) => version === wanted)
  invariant(found, `version ${wanted} of a migration is there`)
  return { compiled: readCompiled(found.compiled), mapping: found.mapping }
}
