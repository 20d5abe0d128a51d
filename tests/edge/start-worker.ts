/** The example worker in workerd, bundled by wrangler from the source, over a Hyperdrive binding. */
import { fileURLToPath } from 'node:url'
import { createTestHarness } from 'wrangler'
import type { Served } from '../fixture/start-fixture.ts'

export const CONFIG: string = fileURLToPath(new URL('../../examples/worker-edge/wrangler.jsonc', import.meta.url))

/** What makes wrangler work offline, and bundle the packages' source. */
export const WRANGLER_ENV: Readonly<Record<string, string>> = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_BUILD_CONDITIONS: '@backsaas/source,workerd,worker,browser',
}

export interface WorkerOptions {
  /** The path of a wrangler configuration; the example's unless given. */
  readonly config?: string
  /** What the packages are resolved by; to their source unless given. */
  readonly conditions?: string
}

export interface StartedWorker extends Served {
  /** What workerd has printed: uncaught errors, among others. */
  logs(): readonly string[]
}

/** @example const worker = await startWorker({ url: 'postgres://runtime:secret@127.0.0.1:5432/app' }) */
export async function startWorker(
  database: { readonly url: string },
  { config = CONFIG, conditions }: WorkerOptions = {},
): Promise<StartedWorker> {
  Object.assign(process.env, WRANGLER_ENV, conditions && { WRANGLER_BUILD_CONDITIONS: conditions })
  process.env.CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE = database.url
  const server = createTestHarness({ workers: [{ configPath: config }] })
  await server.listen()
  return {
    // Node's own Request and Response are not those of the types that wrangler brings.
    fetch: async (path, init) => {
      const response = await server.fetch(path, { redirect: 'manual', ...init } as Parameters<typeof server.fetch>[1])
      return new Response(response.body as ReadableStream | null, {
        status: response.status,
        headers: [...response.headers],
      })
    },
    close: () => server.close(),
    logs: () => server.getLogs().map(({ level, message }) => `${level}: ${message}`),
  }
}
