/** One thing that will not close does not keep the others open. */
import { expect, test } from 'vitest'
import { closeAll } from './close-all.ts'

test('everything is closed, the last first, and the first failure is told', async () => {
  const closed: string[] = []
  const close =
    (name: string, fails = false) =>
    async () => {
      closed.push(name)
      if (fails) throw new Error(name)
    }
  const open = [close('database'), close('runtime', true), close('bus'), close('relay', true)]
  await expect(closeAll(open)).rejects.toThrow('relay')
  expect(closed).toEqual(['relay', 'bus', 'runtime', 'database'])
})
