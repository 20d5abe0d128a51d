/** What jobs do in other databases than home: before their transaction what it relies on, after it what it asks for. Safe to repeat. */
import { checkArguments, isJobKind, type JsonObject, SYSTEM_TENANT_ID } from '@backsaas/core'
import { prepareTenant } from '../registry/create-tenant.ts'
import { installOwn } from '../registry/install-own.ts'
import { settleFences } from '../registry/suspend-tenant.ts'
import type { Fleet } from '../stores/fleet.ts'
import { prepareInstall } from '../stores/prepare-install.ts'
import { resumeDelivery } from '../stores/resume-delivery.ts'
import type { ClaimedJob } from './job-rows.ts'

/**
 * A tenant that is made by a job has its id from the beginning, since other databases know it by that before home does: the job's own, where
 * none was given.
 */
export function withTenantId(job: ClaimedJob): ClaimedJob {
  const { kind, input, id } = job
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  if (kind !== 'provision_tenant' || !isObject || 'id' in input) return job
  return { ...job, input: { ...(input as JsonObject), id } } // an object, seen above
}

/** @throws as `prepareInstall`; what the job's own transaction would refuse is left to it. */
export async function prepareJob(fleet: Fleet, { kind, input, tenantId }: ClaimedJob): Promise<void> {
  if (!isJobKind(kind)) return
  if (kind === 'install_schema') {
    const { input: wanted } = checkArguments(kind, input)
    await prepareInstall(fleet, { tenantId, schemas: [wanted.schema] })
  }
  // Nobody else's does anything, whatever its row says.
  if (kind === 'provision_tenant' && tenantId === SYSTEM_TENANT_ID) {
    const { input: wanted } = checkArguments(kind, input)
    await prepareTenant(fleet, wanted)
  }
}

/** Whether there is something to do after the transaction. */
export function reachesBeyond({ kind }: ClaimedJob): boolean {
  return (
    kind === 'publish_schema' || kind === 'continue_migration' || kind === 'suspend_tenant' || kind === 'resume_tenant'
  )
}

/**
 * @returns what the job comes to.
 * @throws `STORE_UNREACHABLE` (503) where a database could not be told yet; `OWN_NOT_INSTALLED`.
 */
export async function finishBeyond(
  fleet: Fleet,
  { kind, tenantId }: ClaimedJob,
  result: JsonObject,
): Promise<JsonObject> {
  if (kind === 'publish_schema') {
    const version = typeof result.version === 'number' ? result.version : null
    const profile = await installOwn(fleet, tenantId, { schema: String(result.schema), version })
    return profile === null ? result : { ...result, profile }
  }
  if (kind === 'continue_migration') await resumeDelivery(fleet, String(result.schema_id))
  if (kind === 'suspend_tenant' || kind === 'resume_tenant') {
    await settleFences(fleet, String(result.id), String(result.slug))
  }
  return result
}
