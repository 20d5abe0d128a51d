/**
 * All that functions need of a runtime beyond the row: lent by the plugin that brings them, so that a bundle without functions
 * holds nothing of it.
 */
import { createCallContext } from './call-context.ts'
import { createRoom, type Room } from './create-room.ts'
import { sampleCall, sendEvents, settingsFor, tellEvents } from './tenant-means.ts'

export interface FunctionMeans {
  readonly createCallContext: typeof createCallContext
  readonly settingsFor: typeof settingsFor
  readonly tellEvents: typeof tellEvents
  readonly sendEvents: typeof sendEvents
  readonly sampleCall: typeof sampleCall
  readonly createRoom: () => Room
}

export const FUNCTION_MEANS: FunctionMeans = Object.freeze({
  ...{ createCallContext, settingsFor, tellEvents, sendEvents, sampleCall, createRoom },
})
