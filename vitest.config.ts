/**
 * `node` runs everything but `*.workerd.test.ts`, which `workerd` runs inside the Workers runtime, without anything of
 * Node's; `*.postgres.workerd.test.ts` have Node's modules, which database clients need.
 */
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { answerAsUpstash } from './packages/adapters/test/upstash-stand-in.ts'

/** Workspace packages resolve to their TypeScript source. */
const conditions = ['@backsaas/source']
/** As a bundler for Workers resolves them. */
const workerdConditions = [...conditions, 'workerd']

/** Suites of services that are not reachable (`npm test` names them): `x.postgres.test.ts` needs `postgres`. */
const without = (process.env.BACKSAAS_TEST_WITHOUT ?? '').split(',').filter((service) => service !== '')
const exclude = ['**/node_modules/**', '**/dist/**', ...without.map((service) => `**/*.${service}{,.workerd}.test.ts`)]

const compatibilityDate = '2026-09-01'
/** Much of a test is waiting for Postgres, so two are better than one on two cores, where vitest would take one. */
const maxWorkers = Math.max(2, availableParallelism() - 1)
const timeouts = { testTimeout: 60_000, hookTimeout: 120_000 }

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'

/** Where the tests' Postgres is, for those that have no environment to read it from. */
const POSTGRES_URL = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

// Tests begin many processes, which would each take the types out of all our files: half of what it takes them to begin.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

const config: ReturnType<typeof defineConfig> = defineConfig({
  plugins: [
    {
      // What CommonJS modules require in workerd is resolved here, outside the projects and without their conditions:
      // node-postgres would get the empty module that stands in for its socket elsewhere.
      name: 'workerd-socket',
      enforce: 'pre',
      resolveId(id, importer) {
        if (id !== 'pg-cloudflare' || importer === undefined) return null
        return createRequire(importer).resolve(id).replace('empty.js', 'index.js')
      },
    },
  ],
  test: {
    maxWorkers,
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: 'node',
          include: ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [...exclude, '**/*.workerd.test.ts'],
          ...timeouts,
        },
      },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate } })],
        resolve: { conditions: workerdConditions },
        ssr: { resolve: { conditions: workerdConditions } },
        test: {
          name: 'workerd',
          include: [
            'packages/*/src/**/*.workerd.test.ts',
            'examples/*/src/**/*.workerd.test.ts',
            'tests/**/*.workerd.test.ts',
          ],
          exclude: [...exclude, '**/*.{postgres,redis}.workerd.test.ts'],
          ...timeouts,
        },
      },
      {
        plugins: [
          // What such a test fetches is answered here, outside workerd, which reaches no Redis.
          cloudflareTest({
            miniflare: { compatibilityDate, outboundService: (request) => answerAsUpstash(REDIS_URL, request) },
          }),
        ],
        resolve: { conditions: workerdConditions },
        ssr: { resolve: { conditions: workerdConditions } },
        test: {
          name: 'workerd-redis',
          include: ['packages/*/src/**/*.redis.workerd.test.ts'],
          exclude,
          ...timeouts,
        },
      },
      {
        plugins: [
          cloudflareTest({
            miniflare: { compatibilityDate, compatibilityFlags: ['nodejs_compat'], bindings: { POSTGRES_URL } },
          }),
        ],
        resolve: { conditions: workerdConditions },
        ssr: { resolve: { conditions: workerdConditions } },
        test: {
          name: 'workerd-postgres',
          include: ['packages/*/src/**/*.postgres.workerd.test.ts', 'tests/**/*.postgres.workerd.test.ts'],
          exclude,
          ...timeouts,
        },
      },
    ],
  },
})
export default config
