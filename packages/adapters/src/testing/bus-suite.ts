/** What every `Bus` must do. */
import type { Bus, Event } from '@backsaas/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

/** An event at a position, or one that no relay has seen yet. */
export function eventAt(position?: number, type = 'suite.happened'): Event {
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/suite',
    type,
    time: '2024-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data: { position: position ?? null, text: 'é 😀' },
    tenantid: '018f0000-0000-7000-8000-000000000001',
    ...(position !== undefined && { position }),
  }
}

/**
 * Declares the contract's tests; `open` answers an empty bus each time.
 *
 * @example busSuite('memory', async () => memory())
 */
export function busSuite(name: string, open: () => Promise<Bus>): void {
  describe(name, () => {
    let bus: Bus
    beforeEach(async () => {
      bus = await open()
    })
    afterEach(async () => bus.close?.())

    test('events are read by position, oldest first, no more than asked for', async () => {
      const events = [1, 2, 3, 5].map((position) => eventAt(position))
      await bus.publish(events.slice(0, 2))
      await bus.publish(events.slice(2))
      expect(await bus.read({ position: 0 }, 10)).toEqual(events)
      expect(await bus.read({ position: 2 }, 10)).toEqual(events.slice(2))
      expect(await bus.read({ position: 1 }, 2)).toEqual(events.slice(1, 3))
      expect(await bus.read({ position: 5 }, 10)).toEqual([])
      expect(await bus.read({ position: 0 }, 0)).toEqual([])
    })

    test('an event that is published again is read once', async () => {
      const events = [1, 2, 3].map((position) => eventAt(position))
      await bus.publish(events)
      await bus.publish(events.slice(1))
      expect(await bus.read({ position: 0 }, 10)).toEqual(events)
    })

    pushTests(() => bus)

    test('a closed bus takes no more events', async () => {
      await bus.close?.()
      await expect(bus.publish([eventAt(1)])).rejects.toMatchObject({ code: 'BUS_CLOSED' })
    })
  })
}

/** Skipped where the transport cannot push. */
function pushTests(open: () => Bus): void {
  test('each subscriber is given every event, in order', async ({ skip }) => {
    const bus = open()
    if (!bus.subscribe) return skip('this bus does not push')
    const seen: [Event[], Event[]] = [[], []]
    await bus.subscribe((event) => void seen[0].push(event))
    await bus.subscribe(async (event) => {
      await new Promise((resolve) => setTimeout(resolve, event.position === 1 ? 10 : 0))
      seen[1].push(event)
    })
    const events = [1, 2, 3, 4].map((position) => eventAt(position))
    await Promise.all([bus.publish(events.slice(0, 3)), bus.publish(events.slice(3))])
    await vi.waitFor(() => expect(seen).toEqual([events, events]))
  })

  test('a handler that fails keeps neither itself nor others from the next event', async ({ skip }) => {
    const bus = open()
    if (!bus.subscribe) return skip('this bus does not push')
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    const seen: (number | undefined)[] = []
    await bus.subscribe((event) => {
      seen.push(event.position)
      throw new Error('thrown at once')
    })
    await bus.subscribe(async (event) => {
      seen.push(event.position)
      throw new Error('rejected')
    })
    await bus.publish([eventAt(1), eventAt(2)])
    await vi.waitFor(() => expect(seen.toSorted()).toEqual([1, 1, 2, 2]))
    await vi.waitFor(() => expect(report).toHaveBeenCalledTimes(4))
    report.mockRestore()
  })

  test('who has unsubscribed is given nothing more', async ({ skip }) => {
    const bus = open()
    if (!bus.subscribe) return skip('this bus does not push')
    const seen: Event[] = []
    const other: Event[] = []
    const unsubscribe = await bus.subscribe((event) => void seen.push(event))
    await bus.subscribe((event) => void other.push(event))
    await bus.publish([eventAt(1)])
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    await unsubscribe()
    await bus.publish([eventAt(2)])
    await vi.waitFor(() => expect(other).toHaveLength(2))
    expect(seen).toHaveLength(1)
  })
}
