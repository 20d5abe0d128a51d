/** The definitions of events: `@backsaas/core/events`. */
export { checkEventData, isEventType } from './check-event-data.ts'
export { EVENT_DEFINITIONS } from './definitions.ts'
export { describeEvents } from './describe-events.ts'
export type { EventDefinition } from './event-definition.ts'
export { eventJsonSchema, eventsJsonSchema } from './event-json-schema.ts'
export type {
  BreakingChange,
  CompatibleChange,
  EventData,
  EventPayloads,
  EventType,
  MigrationPhase,
  SchemaChange,
} from './payloads.ts'
