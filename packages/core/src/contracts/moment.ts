/** When a hook runs: before a write, where it may change or refuse it, or after it was committed. */
export const BEFORE_MOMENTS = ['before_create', 'before_update', 'before_delete'] as const
export const AFTER_MOMENTS = ['after_create', 'after_update', 'after_delete'] as const

export type BeforeMoment = (typeof BEFORE_MOMENTS)[number]
export type AfterMoment = (typeof AFTER_MOMENTS)[number]
export type Moment = BeforeMoment | AfterMoment

export const MOMENTS: readonly Moment[] = [...BEFORE_MOMENTS, ...AFTER_MOMENTS]
