import { expect, test, vi } from 'vitest'
import { busSuite, eventAt } from '../../testing/bus-suite.ts'
import { memory } from './memory.ts'

busSuite('memory', async () => memory())

test('only the newest events are kept', async () => {
  const bus = memory({ keep: 3 })
  await bus.publish([1, 2, 3, 4, 5].map((position) => eventAt(position)))
  expect((await bus.read({ position: 0 }, 10)).map((event) => event.position)).toEqual([3, 4, 5])
})

test('an event without a position is delivered, and never read', async () => {
  const bus = memory()
  const seen: unknown[] = []
  await bus.subscribe?.((event) => void seen.push(event.type))
  await bus.publish([eventAt(undefined, 'suite.early')])
  await vi.waitFor(() => expect(seen).toEqual(['suite.early']))
  expect(await bus.read({ position: -1 }, 10)).toEqual([])
})

test('positions that arrive out of order are read in order', async () => {
  const bus = memory()
  for (const position of [2, 1, 4, 3]) await bus.publish([eventAt(position)])
  expect((await bus.read({ position: 0 }, 10)).map((event) => event.position)).toEqual([1, 2, 3, 4])
})

test('a failing handler is reported with its event', async () => {
  const onError = vi.fn()
  const bus = memory({ onError })
  const failure = new Error('no')
  await bus.subscribe?.(() => Promise.reject(failure))
  const event = eventAt(1)
  await bus.publish([event])
  await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(failure, event))
})

test('a handler that lags misses the oldest events, and that is reported', async () => {
  const onError = vi.fn()
  const bus = memory({ keep: 2, onError })
  const seen: unknown[] = []
  let free = (): void => {}
  const held = new Promise<void>((resolve) => {
    free = resolve
  })
  await bus.subscribe?.(async (event) => {
    await held
    seen.push(event.position)
  })
  await bus.publish([eventAt(1)])
  await Promise.resolve()
  await bus.publish([2, 3, 4].map((position) => eventAt(position)))
  free()
  await vi.waitFor(() => expect(seen).toEqual([1, 3, 4]))
  expect(onError.mock.calls.map(([error, event]) => [error.code, event.position])).toEqual([['EVENT_MISSED', 2]])
})

test('a handler may publish, and close waits for the handlers under way', async () => {
  const bus = memory()
  const seen: unknown[] = []
  await bus.subscribe?.(async (event) => {
    if (event.position === 1) await bus.publish([eventAt(2)])
    await new Promise((resolve) => setTimeout(resolve, 5))
    seen.push(event.position)
  })
  await bus.publish([eventAt(1)])
  await vi.waitFor(() => expect(seen).toContain(1))
  await bus.close?.()
  expect(seen).toEqual([1, 2])
})

test('what a publisher changes afterwards changes nothing', async () => {
  const bus = memory()
  const event = { ...eventAt(1), type: 'suite.before' }
  await bus.publish([event])
  event.type = 'suite.after'
  expect((await bus.read({ position: 0 }, 1))[0]?.type).toBe('suite.before')
})

test('keep must be a positive whole number', () => {
  for (const keep of [0, -1, 1.5, Number.NaN]) expect(() => memory({ keep })).toThrow('keep must be')
})
