/** A runtime of its own process, until it is killed: `node serving-process.ts URL`. Says where it listens. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { functions } from '@backsaas/plugins/functions'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { listen } from '../../packages/cli/src/dev/listen.ts'
import { PLANTED } from './planted.ts'

const runtime = createRuntime({
  database: postgres(process.argv[2] ?? '', { max: 4 }),
  plugins: [policies(), functions(PLANTED)],
  beat: { leaseMs: 200, name: 'off' },
  sampleShare: 0,
})
await runtime.ready()
const listener = await listen(0, '127.0.0.1')
listener.serve((request) => runtime.fetch(request))
process.stdout.write(`${JSON.stringify({ url: listener.url, now: Date.now() })}\n`)
