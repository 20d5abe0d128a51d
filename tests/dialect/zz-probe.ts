import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { pglite } from '@backsaas/adapters/databases/pglite'
import { bootstrap, createKey, createTenant, migrate } from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { GALLERY_ROWS } from './gallery-rows.ts'

const yaml = await readFile(new URL('gallery.yaml', import.meta.url), 'utf8')
const db = pglite()
await bootstrap(db)
await migrate(db, yaml)
await createTenant(db, { slug: 'acme', schemas: ['gallery'] })
const { key } = await createKey(db, { tenant: 'acme', name: 't' })
const logs: unknown[] = []
const rt = createRuntime({
  database: db,
  observe: (o: any) => {
    if (o.kind === 'error')
      console.log(
        '   OBSERVED',
        o.code,
        String(o.error),
        JSON.stringify(o.error?.cause?.fields ?? o.error?.fields ?? null),
        String(o.error?.cause ?? '').slice(0, 300),
      )
  },
})
await rt.ready()
const send = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
  const res = await rt.fetch(
    new Request('http://localhost/rest/v1' + path, {
      method,
      headers: { apikey: key, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body } : {}),
    }),
  )
  return { res, text: await res.text() }
}
for (const [e, rows] of Object.entries(GALLERY_ROWS)) {
  const { res, text } = await send('POST', '/' + e, JSON.stringify(rows))
  if (res.status !== 201) console.log(e, res.status, text)
}
const lines = (await readFile(process.argv[2]!, 'utf8')).split('\n').filter((l) => l && !l.startsWith('#'))
for (const line of lines) {
  const [req, hdr, body] = line.split(' ## ')
  const m = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (.*)$/.exec(req!)
  const method = m ? m[1]! : 'GET',
    path = m ? m[2]! : req!
  const headers = Object.fromEntries(
    (hdr ?? '')
      .split('|')
      .filter(Boolean)
      .map((h) => {
        const i = h.indexOf(':')
        return [h.slice(0, i).trim(), h.slice(i + 1).trim()]
      }),
  )
  try {
    const { res, text } = await send(method, path.trim(), body, headers)
    let t = text
    if (res.status >= 300) {
      try {
        const o = JSON.parse(text)
        t = JSON.stringify({ code: o.code, message: o.message, details: o.details, hint: o.hint })
      } catch {}
    }
    console.log(
      `${res.status} ${line}\n   ${res.headers.get('content-range') ?? ''} ${res.headers.get('preference-applied') ?? ''} ${res.headers.get('location') ?? ''}${res.headers.get('allow') ?? ''}| ${t.slice(0, 400)}`,
    )
  } catch (e) {
    console.log('THROW', line, e)
  }
}
await rt.close()
await db.close?.()
