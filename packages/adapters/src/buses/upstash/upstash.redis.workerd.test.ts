import { upstashSuite } from '../../../test/upstash-suite.ts'

// Requests to this host are answered by the stand-in, on Node's side: vitest.config.ts.
upstashSuite('upstash in workerd', () => 'https://upstash.example', 'stand-in-token')
