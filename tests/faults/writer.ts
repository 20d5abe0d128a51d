/** A process that writes without end and says which rows were acknowledged; made to be killed. */
import { writeSync } from 'node:fs'
import { pglite } from '@backsaas/adapters/databases/pglite'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'

const [kind, place, key] = process.argv.slice(2)
if (!kind || !place || !key) throw new Error('usage: writer.ts postgres|pglite URL|FOLDER KEY')

const database = kind === 'postgres' ? postgres(place) : pglite(place)
const runtime = createRuntime({ database, plugins: [policies()] })
await runtime.ready()
writeSync(1, 'ready\n')

/** Writes three rows at a time, all of one mark, and tells the mark once the answer is there. */
async function write(lane: number): Promise<never> {
  for (let index = 0; ; index++) {
    const mark = `${lane}-${index}-${process.pid}`
    const rows = [0, 1, 2].map((part) => ({ email: `${part}.${mark}@x.example`, first_name: mark }))
    const request = new Request('http://localhost/rest/v1/contacts', {
      method: 'POST',
      headers: { apikey: String(key), 'content-type': 'application/json' },
      body: JSON.stringify(rows),
    })
    const response = await runtime.fetch(request)
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
    writeSync(1, `${mark}\n`)
  }
}

await Promise.all([0, 1, 2, 3].map(write))
