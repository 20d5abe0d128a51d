/** The very commands that the images run, where the images would run them: in an installation of the packed packages. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inherited, last, readStages, root } from '../docker/read-dockerfile.ts'

const stages = readStages('docker/Dockerfile')
const withoutRedis = (process.env.BACKSAAS_TEST_WITHOUT ?? '').split(',').includes('redis')
const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
const BACKSAAS_STREAM = `backsaas:test:${crypto.randomUUID()}`

/**
 * @param tarballs the folder that the image has as `/packages`.
 * @param databaseUrl of a database that has been set up.
 */
export function imagesSuite(tarballs: () => string, databaseUrl: () => string): void {
  describe('the production images', () => {
    let app: string
    const running = new Set<ChildProcess>()

    beforeAll(() => {
      app = mkdtempSync(join(tmpdir(), 'backsaas-image-'))
      const install = last(inherited(stages, 'install'), 'RUN')?.text ?? ''
      execFileSync('sh', ['-c', install.replaceAll('/packages', tarballs())], { cwd: app, stdio: 'pipe' })
      for (const script of ['check-runtime.mjs', 'check-migrator.mjs']) {
        copyFileSync(join(root, 'docker', script), join(app, script))
      }
    }, 300_000)

    afterAll(async () => {
      for (const child of running) child.kill('SIGKILL')
      rmSync(app, { recursive: true, force: true })
      if (withoutRedis) return
      const redis = new Redis(REDIS_URL)
      await redis.del(BACKSAAS_STREAM)
      redis.disconnect()
    })

    function start(stage: string, env: NodeJS.ProcessEnv): { child: ChildProcess; code: Promise<number | null> } {
      const [command = '', ...args] = last(inherited(stages, stage), 'CMD')?.words ?? []
      const child = spawn(command, args, {
        cwd: app,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      running.add(child)
      const code = new Promise<number | null>((resolve) => child.once('exit', resolve))
      return { child, code }
    }

    /** The exit code of the stage's own health check. */
    function check(stage: string, env: NodeJS.ProcessEnv): number | null {
      const [command = '', ...args] = last(inherited(stages, stage), 'HEALTHCHECK')?.words ?? []
      return spawnSync(command, args, { cwd: app, env: { ...process.env, ...env }, timeout: 30_000 }).status
    }

    test.skipIf(withoutRedis)('the runtime becomes healthy, serves over Redis, and ends with 0', async () => {
      const port = await freePort()
      const env = { DATABASE_URL: databaseUrl(), REDIS_URL, BACKSAAS_STREAM, HOST: '127.0.0.1', PORT: String(port) }
      expect(check('runtime', env)).toBe(1)
      const { child, code } = start('runtime', env)
      await expect.poll(() => check('runtime', env), { timeout: 50_000, interval: 500 }).toBe(0)
      expect((await fetch(`http://127.0.0.1:${port}/t/acme/rest/v1/contacts`)).status).toBe(401)
      child.kill('SIGTERM')
      expect(await code).toBe(0)
      expect(check('runtime', env)).toBe(1)
    })

    test.skipIf(withoutRedis)('the migrator becomes healthy, and ends with 0', async () => {
      const env = { DATABASE_URL: databaseUrl(), REDIS_URL, BACKSAAS_STREAM }
      expect(check('migrator', env)).toBe(1)
      const { child, code } = start('migrator', env)
      await expect.poll(() => check('migrator', env), { timeout: 50_000, interval: 500 }).toBe(0)
      child.kill('SIGTERM')
      expect(await code).toBe(0)
      expect(check('migrator', env)).toBe(1)
    })
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
