/** The HTTP suite where no table and no column is called what its entity and field are. */
import { startFixture } from '../fixture/start-fixture.ts'
import { httpSuite } from './suite.ts'

httpSuite('on a scrambled mapping', async () => {
  const fixture = await startFixture({ database: 'postgres', naming: 'scrambled' })
  const tables = await fixture.ownerQuery(`
    select c.relname from pg_class c
    where c.relkind = 'r' and c.relname in ('contacts', 'companies', 'notes', 'products', 'orders', 'things')`)
  if (tables.length > 0) throw new Error(`the mapping is not scrambled: ${tables.join()}`)
  return fixture
})
