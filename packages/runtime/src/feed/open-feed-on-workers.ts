/** On Workers nothing runs between requests: no feed there, but how versions serve is told behind answers. */
import type { BeatOptions } from '../runtime-options.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { FeedParts } from './feed-parts.ts'
import { NO_FEED } from './no-feed.ts'
import { createReports } from './report-served.ts'

export function openFeed(beat: BeatOptions | false | undefined, parts: FeedParts): ChangeFeed {
  return beat === false ? NO_FEED : { ...NO_FEED, served: createReports(beat, parts) }
}
