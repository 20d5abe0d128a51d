import { describe, expect, test } from 'vitest'
import { readDatabases } from './read-databases.ts'

const read = (text: string | undefined) => readDatabases({ BACKSAAS_DATABASES: text })

describe('readDatabases', () => {
  test('none where the variable is unset or empty', () => {
    expect([read(undefined), read(''), read(' \n')]).toEqual([{}, {}, {}])
  })

  test('pairs are separated by any white space; a URL may have = in it', () => {
    expect(read(' eu=postgres://a:b@h:5432/eu?options=-c%20x=1\n  us_2=postgresql://h/us ')).toEqual({
      eu: 'postgres://a:b@h:5432/eu?options=-c%20x=1',
      us_2: 'postgresql://h/us',
    })
  })

  test.each([
    ['postgres://a:secret@h/eu', 'its part 1 does not begin with a name and ='],
    ['eu=postgres://h/eu postgres://a:secret@h/us?x=1', 'its part 2 does not begin with a name and ='],
    ['Eu=postgres://a:secret@h/eu', 'its part 1 does not begin with a name and ='],
    ['__proto__=postgres://a:secret@h/eu', 'its part 1 does not begin with a name and ='],
    ['eu=', 'what stands after eu= is not the URL of a Postgres'],
    ['eu=mysql://a:secret@h/eu', 'what stands after eu= is not the URL of a Postgres'],
    ['eu=postgres://h/a eu=postgres://a:secret@h/b', 'eu stands there twice'],
    [`${'e'.repeat(49)}=postgres://a:secret@h/eu`, 'its part 1 does not begin with a name and ='],
  ])('%s is refused, and no password is shown', (text, problem) => {
    const found = expect(() => read(text))
    found.toThrow(
      expect.objectContaining({ code: 'DATABASES_INVALID', message: `BACKSAAS_DATABASES cannot be read: ${problem}` }),
    )
    found.not.toThrow(expect.objectContaining({ message: expect.stringContaining('secret') }))
  })
})
