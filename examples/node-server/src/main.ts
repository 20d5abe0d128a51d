/** `npm start`: sets the database up, then serves; SIGTERM and SIGINT drain. */
import { serve } from '@hono/node-server'
import { createApp } from './create-app.ts'
import { setUp } from './set-up.ts'

const databaseUrl = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const sessionSecret = process.env.SESSION_SECRET ?? crypto.randomUUID()

await setUp(databaseUrl)
const { app, backsaas } = createApp(databaseUrl, sessionSecret)
await backsaas.ready()
const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`http://localhost:${port}`)
})

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    server.close()
    await backsaas.close()
  })
}
