/** The types of fields that hold text. */
import type { FieldType } from '@backsaas/core'

export const TEXT_FIELDS: readonly FieldType[] = ['string', 'text']
