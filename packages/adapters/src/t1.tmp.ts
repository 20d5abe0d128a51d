import { pglite } from '@backsaas/adapters/databases/pglite'
import { rmSync } from 'node:fs'
rmSync('/tmp/pgl-try', { recursive: true, force: true })
const scope = { waitUntil() {}, now: Date.now }
for (const dir of [undefined, '/tmp/pgl-try/a/b', '/tmp/pgl-try/a/b']) {
let t = Date.now()
const db = pglite(dir)
const o = db.open(scope, 'owner')
console.log(JSON.stringify(await o.batch([{ text: 'select $1::bool, $2::jsonb, $3::timestamptz, $4::bytea, $5::int8[], $6::bool[]', params: ['true', '{"a": 1}', '2020-01-01T00:00:00+02', '\\x00ff', '{1,2,NULL}', '{t,f}'] }])), Date.now() - t)
console.log(JSON.stringify(await o.batch([{ text: 'select 1', params: [] }, { text: 'select $1::text', params: [null] }])))
await o.batch([{ text: 'select 1', params: [] }, { text: 'select 1/$1::int', params: ['0'] }, { text: 'select 2', params: [] }]).catch((e) => console.log(e.code, e.message))
console.log(JSON.stringify(await o.batch([{ text: 'select now()::text is not null, current_setting(\'TimeZone\')', params: [] }])))
await db.open(scope).batch([{ text: 'select 1', params: [] }]).catch((e) => console.log(e.code, e.message, e.hint))
await o.transaction!(async () => o.batch([])).catch((e) => console.log(e.code, e.message, e.hint))
if (dir) await pglite(dir).open(scope, 'owner').batch([{ text: 'select 1', params: [] }]).catch((e) => console.log(e.code, e.message, e.hint))
await db.close?.()
}
await pglite('/proc/nope').open(scope, 'owner').batch([{ text: 'select 1', params: [] }]).catch((e) => console.log(e.code, e.message, e.hint))
