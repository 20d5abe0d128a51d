/** The migrator's health, for its container: exit code 0 where the outbox is being relayed, by this one or one beside it. */
import { Client } from 'pg'

const client = new Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 4000 })
const healthy = await client
  .connect()
  .then(() => client.query('select from backsaas.relay_lease where held_until > now()'))
  .then(({ rowCount }) => rowCount === 1)
  .catch((error) => console.error(error.message))
process.exit(healthy ? 0 : 1)
