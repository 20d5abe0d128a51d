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

export interface BusSuiteOptions {
  /** Whether events can be read after they were sent; default true. */
  readonly keeps?: boolean
  /** Puts a text where the bus last opened carries its events, as anyone with access to the transport could. */
  readonly forge?: (message: string) => Promise<void>
}

/**
 * Declares the contract's tests; `open` answers an empty bus each time.
 *
 * @example busSuite('memory', async () => memory())
 */
export function busSuite(name: string, open: () => Promise<Bus>, options: BusSuiteOptions = {}): void {
  describe(name, () => {
    let bus: Bus
    beforeEach(async () => {
      bus = await open()
    })
    afterEach(async () => bus.close?.())

    if (options.keeps ?? true) readTests(() => bus)
    else {
      test('nothing is kept: what is read is nothing', async () => {
        await bus.publish([eventAt(1)])
        expect(await bus.read({ position: 0 }, 10)).toEqual([])
      })
    }
    pushTests(() => bus)
    if (options.forge) forgeTests(() => bus, options.forge)

    test('publishing nothing is nothing', async () => {
      await bus.publish([])
      expect(await bus.read({ position: 0 }, 10)).toEqual([])
    })

    test('a closed bus takes no more events, and can be closed again', async () => {
      await bus.close?.()
      await expect(bus.publish([eventAt(1)])).rejects.toMatchObject({ code: 'BUS_CLOSED' })
      if (bus.subscribe) await expect(bus.subscribe(() => {})).rejects.toMatchObject({ code: 'BUS_CLOSED' })
      await bus.close?.()
    })
  })
}

function readTests(open: () => Bus): void {
  test('events are read by position, oldest first, no more than asked for', async () => {
    const bus = open()
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
    const bus = open()
    const events = [1, 2, 3].map((position) => eventAt(position))
    await bus.publish(events)
    await bus.publish(events.slice(1))
    expect(await bus.read({ position: 0 }, 10)).toEqual(events)
  })

  test('many are read from anywhere, also where a batch was sent again at the end', async () => {
    const bus = open()
    const events = Array.from({ length: 950 }, (_, index) => eventAt(index + 1))
    await bus.publish(events.slice(0, 500))
    await bus.publish(events.slice(500))
    await bus.publish(events.slice(0, 500))
    const positions = async (position: number, max: number): Promise<unknown> =>
      (await bus.read({ position }, max)).map((event) => event.position)
    expect(await positions(940, 100)).toEqual([941, 942, 943, 944, 945, 946, 947, 948, 949, 950])
    expect(await positions(0, 3)).toEqual([1, 2, 3])
    // What was sent again at the end may hide what came before it, until the next event.
    await bus.publish([eventAt(951)])
    expect(await positions(499, 2)).toEqual([500, 501])
    expect(await positions(950, 10)).toEqual([951])
    expect(await positions(951, 10)).toEqual([])
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

/** Security 23 and 29: whoever has access to the transport can put anything there. */
function forgeTests(open: () => Bus, forge: (message: string) => Promise<void>): void {
  const good = eventAt(1)
  const texts = [
    '',
    'no json',
    '[]',
    'null',
    '"text"',
    '{"specversion":"1.0"}',
    JSON.stringify({ ...good, tenantid: 'a:b' }),
    JSON.stringify({ ...good, tenantid: '*' }),
    JSON.stringify({ ...good, type: '*' }),
    JSON.stringify({ ...good, position: -1 }),
    JSON.stringify({ ...good, position: 'x' }),
    JSON.stringify({ ...good, id: { $gt: '' } }),
    '['.repeat(2000),
  ]

  test('what is no event is dropped and told, never thrown; what comes after arrives', async () => {
    const bus = open()
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    const seen: Event[] = []
    await bus.subscribe?.((event) => void seen.push(event))
    for (const text of texts) await forge(text)
    await bus.publish([good])
    if (bus.subscribe) {
      await vi.waitFor(() => expect(seen).toEqual([good]))
      const codes = report.mock.calls.map(([, error]) => (error as { code?: string }).code)
      expect(codes).toEqual(texts.map(() => 'EVENT_MALFORMED'))
    }
    report.mockRestore()
    const read = await bus.read({ position: 0 }, 10)
    expect(read.filter(({ id }) => id !== good.id)).toEqual([])
  })

  test('what a forged event brings besides is left behind', async ({ skip }) => {
    const bus = open()
    if (!bus.subscribe) return skip('this bus does not push')
    const seen: Event[] = []
    await bus.subscribe((event) => void seen.push(event))
    await forge(JSON.stringify(good).replace('{', '{"__proto__":{"isAdmin":true},"admin":true,'))
    await vi.waitFor(() => expect(seen).toEqual([good]))
    expect(seen[0]).not.toHaveProperty('admin')
    expect(seen[0]).not.toHaveProperty('isAdmin')
  })

  test('a position far ahead tells of a gap, and those that follow arrive', async ({ skip }) => {
    const bus = open()
    if (!bus.subscribe) return skip('this bus does not push')
    const seen: unknown[] = []
    let gaps = 0
    await bus.subscribe((event) => void seen.push(event.position), { onGap: () => gaps++ })
    await bus.publish([eventAt(1), eventAt(2)])
    await vi.waitFor(() => expect(seen).toEqual([1, 2]))
    expect(gaps).toBe(0)
    await forge(JSON.stringify(eventAt(9_000_000_000)))
    await bus.publish([eventAt(3), eventAt(4), eventAt(5)])
    await vi.waitFor(() => expect(seen).toEqual([1, 2, 9_000_000_000, 3, 4, 5]))
    expect(gaps).toBe(1)
    await bus.publish([eventAt(8)])
    await vi.waitFor(() => expect(gaps).toBe(2))
  })
}
