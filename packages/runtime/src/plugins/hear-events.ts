/** Events of the bus to the registry and to the plugins' handlers, each handler by itself. */
import type { Bus, Event, Observe, PluginContext, Unsubscribe } from '@backsaas/core'
import type { LoadedPlugins } from './load-plugins.ts'

export interface Hearing {
  readonly plugins: LoadedPlugins
  readonly context: PluginContext
  /** Told first, so that a handler that asks the data API meets the new state. */
  readonly registry: { hear(event: Event): void }
  /** Told that something may have changed. */
  readonly feed: { hint(): void }
  /** Told of each, for the streams of its tenant. */
  readonly hub: { hear(tenantId: string): void }
  readonly observe: Observe | null
}

/**
 * Subscribes where the bus can push; null where it cannot, or where nothing is to be heard.
 *
 * @example const stop = await hearEvents(bus, { plugins, context, registry, feed, hub, observe })
 */
export async function hearEvents(bus: Bus, hearing: Hearing): Promise<Unsubscribe | null> {
  if (!bus.subscribe) return null
  return bus.subscribe((event) => hear(event, hearing), { onGap: hearing.feed.hint })
}

async function hear(event: Event, { plugins, context, registry, feed, hub, observe }: Hearing): Promise<void> {
  observe?.({ kind: 'event', type: event.type, id: event.id })
  registry.hear(event)
  // An event may change more than it names: of a shared schema, the installs of everyone.
  if (!event.type.startsWith('record.')) feed.hint()
  hub.hear(event.tenantid)
  const handlers = [...(plugins.on.get(event.type) ?? []), ...(plugins.on.get('*') ?? [])]
  await Promise.all(
    handlers.map(async ({ plugin, run }) => {
      try {
        await run(event, context)
      } catch (error) {
        // One that fails keeps no other from hearing; the table of events is the truth, the bus a hint.
        observe?.({ kind: 'error', code: 'EVENT_HANDLER_FAILED', error: named(plugin, event, error) })
      }
    }),
  )
}

function named(plugin: string, event: Event, cause: unknown): Error {
  return new Error(`plugin ${plugin} failed on ${event.type} ${event.id}`, { cause })
}
