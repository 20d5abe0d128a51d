/** The platform's further databases, as the environment names them: `BACKSAAS_DATABASES`. */
import { BackSaasError } from '@backsaas/core'

export const DATABASES_VARIABLE = 'BACKSAAS_DATABASES'

const NAME = /^[a-z][a-z0-9_-]{0,47}$/
const URL_START = /^postgres(?:ql)?:\/\/./

/**
 * From `name=url` pairs, separated by white space, to URLs by name; none where the variable is unset or empty. No message shows a URL,
 * since there are passwords in it.
 *
 * @throws `DATABASES_INVALID` (400) where a pair is none, a name cannot be, stands there twice, or has no URL of a database.
 * @example readDatabases({ BACKSAAS_DATABASES: 'eu=postgres://… us=postgres://…' }) // { eu: 'postgres://…', us: 'postgres://…' }
 */
export function readDatabases(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const urls = new Map<string, string>()
  const pairs = (env[DATABASES_VARIABLE] ?? '').split(/\s+/).filter((pair) => pair !== '')
  for (const [i, pair] of pairs.entries()) {
    const end = pair.indexOf('=')
    const name = pair.slice(0, Math.max(end, 0))
    // What is no name may be part of a URL.
    if (!NAME.test(name)) throw invalid(`its part ${i + 1} does not begin with a name and =`)
    if (!URL_START.test(pair.slice(end + 1))) throw invalid(`what stands after ${name}= is not the URL of a Postgres`)
    if (urls.has(name)) throw invalid(`${name} stands there twice`)
    urls.set(name, pair.slice(end + 1))
  }
  return Object.fromEntries(urls)
}

function invalid(problem: string): BackSaasError {
  return new BackSaasError('DATABASES_INVALID', 400, `${DATABASES_VARIABLE} cannot be read: ${problem}`, {
    hint: 'its form is "eu=postgres://user:password@host:5432/database us=postgres://…": names of lower-case letters, digits, - and _; encode white space of a password as %20',
  })
}
