/** The change that is measured: a rename, a conversion and a split. */
import { type Documents, renamedConvertedSplit } from '../../../tests/migrations/renamed-converted-split.ts'

const documents: Documents = renamedConvertedSplit('shop', 'n: { type: bigint, required: true }')

export const BEFORE: string = documents.before
export const AFTER: string = documents.after
