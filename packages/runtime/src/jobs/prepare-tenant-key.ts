/** `provision_tenant` with `key: true`: the key is made here and shown once; the job knows its hash. */
import { type JobRequest, type JsonObject, makeApiKey, uuidv7 } from '@backsaas/core'

export interface TenantKey {
  /** The arguments with an id for the tenant, and the key's hash where one was asked for. */
  prepare(given: JsonObject): JsonObject
  /** What the answer says of the key. */
  shown(asked: JobRequest): JsonObject
}

export async function prepareTenantKey(): Promise<TenantKey> {
  const id = uuidv7()
  const { key, prefix, hash } = await makeApiKey(id)
  return {
    prepare({ key: wanted, ...given }) {
      if (wanted === true) return { ...given, id, key: { prefix, hash } }
      return wanted === undefined || wanted === false ? given : { ...given, key: wanted }
    },
    shown: ({ input }) => ('key' in input && input.key?.hash === hash ? { key } : {}),
  }
}
