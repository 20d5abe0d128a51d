/** Stands in for `open-kept.ts` in workerd. */
export const openKept = null
