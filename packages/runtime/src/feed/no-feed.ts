/** For where nothing runs between requests: what is cached is renewed for its age. */
import type { ChangeFeed } from './change-feed.ts'

export const NO_FEED: ChangeFeed = Object.freeze({
  covers: () => false,
  start: async () => undefined,
  hint: () => undefined,
  served: () => undefined,
  close: async () => undefined,
})
