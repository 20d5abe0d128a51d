/** The migrations of a placement that wait for their contract, with what each of them waits for. */
import type { Connection } from '@backsaas/core'
import { whoHoldsOld } from '../execute/retire-versions.ts'
import type { WaitingMigration } from '../plan/waiting-migration.ts'
import { readPlatform } from './platform.ts'
import type { OpenMigration, Standing } from './standing.ts'

export async function readWaiting(
  connection: Connection,
  { placementId, open }: Standing,
): Promise<WaitingMigration[]> {
  const waiting: WaitingMigration[] = []
  for (const one of open) waiting.push(await withHolder(connection, placementId, one))
  return waiting
}

async function withHolder(
  connection: Connection,
  placementId: string,
  { id, fromVersion, toVersion, phase }: OpenMigration,
): Promise<WaitingMigration> {
  const platform = await readPlatform(connection)
  const holder = await whoHoldsOld(connection, platform, { placementId, toVersion }, phase === 'live')
  const nobody = phase === 'live' ? 'nobody has asked for its contract' : 'its contract is about to begin'
  return { id, fromVersion, toVersion, waitsFor: holder?.message ?? nobody }
}
