/** A runtime that was given no bus: a relay feeds its own, and a plugin's `on` hears what was written over HTTP. */
import { definePlugin, type Event } from '@backsaas/core'
import { createKey, createTenant, migrate, startRelay } from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { expect, test } from 'vitest'
import { openBlankPglite } from '../../packages/adapters/test/blank-pglite.ts'

const SCHEMA = `
schema: shop
entities:
  notes:
    fields: { title: { type: string, required: true } }
    events: [created]
`

test('a relay on the runtime’s own bus', async () => {
  const database = await openBlankPglite()
  await migrate(database, SCHEMA)
  await createTenant(database, { slug: 'acme', schemas: ['shop'] })
  const { key } = await createKey(database, { tenant: 'acme', name: 'tests' })
  const heard: Event[] = []
  const plugin = definePlugin({ name: 'ear', on: { 'record.created': (event) => void heard.push(event) } })
  const backsaas = createRuntime({ database, plugins: [plugin] })
  await backsaas.ready()
  const relay = await startRelay(database, backsaas.bus, { intervalMs: 20 })
  try {
    const headers = { apikey: key, 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify({ title: 'heard' }) }
    const response = await backsaas.fetch(new Request('http://localhost/rest/v1/notes', request))
    expect(response.status).toBe(201)
    await expect.poll(() => heard.map(({ type }) => type)).toEqual(['record.created'])
  } finally {
    await relay.close()
    await backsaas.close()
  }
})
