/** Two projects: `node` runs everything but `*.workerd.test.ts`, which `workerd` runs inside the Workers runtime. */
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Workspace packages resolve to their TypeScript source. */
const conditions = ['@backsaas/source']

/** Suites of services that are not reachable (`npm test` names them): `x.postgres.test.ts` needs `postgres`. */
const without = (process.env.BACKSAAS_TEST_WITHOUT ?? '').split(',').filter((service) => service !== '')
const exclude = ['**/node_modules/**', '**/dist/**', ...without.map((service) => `**/*.${service}.test.ts`)]

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: 'node',
          include: ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [...exclude, '**/*.workerd.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-09-01' } })],
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: 'workerd',
          include: [
            'packages/*/src/**/*.workerd.test.ts',
            'examples/*/src/**/*.workerd.test.ts',
            'tests/**/*.workerd.test.ts',
          ],
          exclude,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
export default config
