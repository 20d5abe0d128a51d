/** What is notified is heard by who listens, where a database can. */
import type { Login } from '@backsaas/core'
import { expect, test, vi } from 'vitest'
import { type Subject, sql } from './subject.ts'

export function listenTests(subject: () => Subject, login: Login): void {
  const notify = (channel: string, payload: string) =>
    subject().connection.batch([sql('select pg_notify($1, $2)', channel, payload)])

  test('what a database says of listening is true', () => {
    const { can, listen } = subject().database
    expect(typeof listen).toBe(can.listen ? 'function' : 'undefined')
  })

  test('what is committed is heard, in order, on its own channel', async ({ skip }) => {
    const { database, connection } = subject()
    if (!database.listen) return skip('this database does not listen')
    const heard: string[] = []
    const other: string[] = []
    const stop = await database.listen('suite_heard', (payload) => heard.push(payload), { login })
    const stopOther = await database.listen('suite_other', (payload) => other.push(payload), { login })
    await notify('suite_heard', 'first')
    const undone = [sql('select pg_notify($1, $2)', 'suite_heard', 'undone'), sql('select 1/0')]
    await expect(connection.batch(undone)).rejects.toMatchObject({ code: '22012' })
    const texts = ['a', 'b', 'c']
    await connection.batch(texts.map((text) => sql('select pg_notify($1, $2)', 'suite_heard', text)))
    await notify('suite_heard', 'é 😀')
    await vi.waitFor(() => expect(heard).toEqual(['first', 'a', 'b', 'c', 'é 😀']))
    expect(other).toEqual([])
    await Promise.all([stop(), stopOther()])
  })

  test('a listener that fails is told so, and hears the next; one that has stopped hears nothing', async ({ skip }) => {
    const { database } = subject()
    if (!database.listen) return skip('this database does not listen')
    const heard: string[] = []
    const onError = vi.fn()
    const failure = new Error('no')
    const fail = (payload: string): void => {
      heard.push(payload)
      throw failure
    }
    const stop = await database.listen('suite_failing', fail, { login, onError })
    await notify('suite_failing', '1')
    await notify('suite_failing', '2')
    await vi.waitFor(() => expect(onError.mock.calls).toEqual([[failure], [failure]]))
    await stop()
    const last: string[] = []
    const stopLast = await database.listen('suite_failing', (payload) => last.push(payload), { login })
    await notify('suite_failing', '3')
    await vi.waitFor(() => expect(last).toEqual(['3']))
    expect(heard).toEqual(['1', '2'])
    await stopLast()
  })

  test('a listener may ask the database', async ({ skip }) => {
    const { database, connection } = subject()
    if (!database.listen) return skip('this database does not listen')
    const answers: unknown[] = []
    const ask = async (): Promise<void> => void answers.push((await connection.batch([sql('select 1')]))[0]?.rows)
    const stop = await database.listen('suite_asking', () => void ask(), { login })
    await notify('suite_asking', '')
    await vi.waitFor(() => expect(answers).toEqual([[['1']]]))
    await stop()
  })

  test('what is no name of a channel is refused', async ({ skip }) => {
    const { database } = subject()
    if (!database.listen) return skip('this database does not listen')
    for (const channel of ['', 'a b', 'A', '"', 'a";select 1', '*', 'a:b', '1a', 'x'.repeat(64), 'a\0']) {
      await expect(database.listen(channel, () => {}, { login })).rejects.toMatchObject({ code: 'CHANNEL_INVALID' })
    }
  })
}
