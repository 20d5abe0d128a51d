import { startFixture, SCOPE } from '../fixture/start-fixture.ts'
import { introspect } from '../../packages/cli/src/introspect/run-introspect.ts'
import { readFileSync } from 'node:fs'
const f = await startFixture({ database: 'postgres', schemas: [readFileSync('examples/music-store/schema.yaml','utf8'), ...(process.argv[2] ? [readFileSync('tests/fixture/everything.yaml','utf8'),readFileSync('examples/crm/schema.yaml','utf8')] : [])] })
const r = await introspect(f.database.open(SCOPE,'owner'), { pgSchema: 'backsaas_00000000000070008000000000000004', name: 'music_store', tables: null })
console.log(r.yaml)
await f.close()
