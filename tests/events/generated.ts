/** The files that are made of the event definitions. */
import { fileURLToPath } from 'node:url'
import { describeEvents, eventsJsonSchema } from '@backsaas/core/events'

/** Path and content of each. */
export function generatedFiles(): readonly (readonly [path: string, content: string])[] {
  const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
  return [
    [at('docs/event-types.md'), describeEvents()],
    [at('schemas/events.json'), `${JSON.stringify(eventsJsonSchema(), null, 2)}\n`],
  ]
}
