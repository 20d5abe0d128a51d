/** A process that does the work of hooks; made to be killed. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { readSecretKeys } from '@backsaas/core'
import { safeHttp, startExecutor } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'

const [url, key] = process.argv.slice(2)
if (!url || !key) throw new Error('usage: crash-worker.ts URL KEY')

const secrets = await readSecretKeys(key)
await startExecutor(postgres(url, { max: 4 }), {
  functions: functions().functions,
  ask: () => Promise.reject(new Error('webhooks ask nothing')),
  http: safeHttp({ allow: ['127.0.0.1'] }),
  ...(secrets && { secrets }),
  perTenant: 64,
  leaseMs: 1_500,
})
