/** The Postgres schemas that are ours: one for control, one for each store, named by the store's id. */
import { DEFAULT_STORE_ID, PLATFORM_STORE_ID } from '@backsaas/core'

export const CONTROL_SCHEMA = 'backsaas'

/** @example storeSchema('00000000-0000-7000-8000-000000000004') // 'backsaas_00000000000070008000000000000004' */
export function storeSchema(storeId: string): string {
  return `${CONTROL_SCHEMA}_${storeId.replaceAll('-', '')}`
}

/** The stores that every database has. */
export const STORE_SCHEMAS: readonly string[] = [storeSchema(PLATFORM_STORE_ID), storeSchema(DEFAULT_STORE_ID)]
