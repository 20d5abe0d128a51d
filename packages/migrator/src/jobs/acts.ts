/** The kinds of jobs, each with what does it. */
import type { JobKind, JobRequest } from '@backsaas/core'
import { startRollout } from '../rollouts/start-rollout.ts'
import { abortRollout, advanceRolloutNow, pauseRollout, resumeRollout } from '../rollouts/steer-rollout.ts'
import type { Act, ActContext, ActDone } from './act.ts'
import { diffSchema } from './diff-schema.ts'
import { installSchema } from './install-schema.ts'
import { listInstallableSchemas } from './list-installable-schemas.ts'
import { pinInstall, unpinInstall } from './pin-install.ts'
import { provisionTenant } from './provision-tenant.ts'
import { publishSchema } from './publish-schema.ts'
import { replayEvents } from './replay-events.ts'
import { continueMigration, rollbackMigration } from './steer-migration.ts'
import { resumeTenant, suspendTenant } from './suspend-tenant.ts'
import { uninstallSchema } from './uninstall-schema.ts'
import { validateSchema } from './validate-schema.ts'

const ACTS: { readonly [K in JobKind]: Act<K> } = {
  publish_schema: publishSchema,
  validate_schema: validateSchema,
  diff_schema: diffSchema,
  list_installable_schemas: listInstallableSchemas,
  install_schema: installSchema,
  uninstall_schema: uninstallSchema,
  provision_tenant: provisionTenant,
  suspend_tenant: suspendTenant,
  resume_tenant: resumeTenant,
  replay_events: replayEvents,
  continue_migration: continueMigration,
  rollback_migration: rollbackMigration,
  start_rollout: startRollout,
  pause_rollout: pauseRollout,
  resume_rollout: resumeRollout,
  advance_rollout: advanceRolloutNow,
  abort_rollout: abortRollout,
  pin_install: pinInstall,
  unpin_install: unpinInstall,
}

/** @throws what the act throws: the error that the request is answered with. */
export function act<K extends JobKind>(
  request: Extract<JobRequest, { readonly kind: K }>,
  context: ActContext,
): Promise<ActDone> {
  const run: Act<K> = ACTS[request.kind as K]
  return run(request.input as Parameters<Act<K>>[0], context) // both by the kind
}
