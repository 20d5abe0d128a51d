/** A connection under the runtime's own login, without a runtime. */
import postgres from 'postgres'
import type { Fixture } from '../fixture/start-fixture.ts'

export async function connectAsRuntime(fixture: Fixture): Promise<postgres.Sql> {
  const [login] = await fixture.ownerQuery(`select name, password from backsaas.logins where kind = 'runtime'`)
  const url = new URL(fixture.url ?? '')
  url.username = login?.[0] ?? ''
  url.password = login?.[1] ?? ''
  return postgres(url.href, { max: 1, onnotice: () => {} })
}
