/** Servers that a test may kill: a Redis and a Postgres of its own, on free ports. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import driver from 'postgres'

export interface PrivateServer {
  readonly url: string
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** After `kill`, on the same port; resolves when it answers. */
  start(): Promise<void>
  /** Ends it, and removes what it has written. */
  remove(): Promise<void>
}

/** Keeps nothing on disk: after `kill` and `start` it is empty. */
export async function createRedis(): Promise<PrivateServer> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess | null = null
  const kill = async (): Promise<void> => {
    await end(child, 'SIGKILL')
    child = null
  }
  const start = async (): Promise<void> => {
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
      stdio: 'ignore',
    })
    await untilAnswers(() => askRedis(url))
  }
  await start()
  return { url, kill, start, remove: kill }
}

export interface PrivatePostgres extends PrivateServer {
  /** `pg_ctl restart -m immediate`: as after a crash, with recovery. */
  restart(): Promise<void>
}

export async function createPostgres(): Promise<PrivatePostgres> {
  const bin = postgresBin()
  const folder = mkdtempSync(join(tmpdir(), 'backsaas-pg-'))
  const data = join(folder, 'data')
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const asRoot = process.getuid?.() === 0
  if (asRoot) chownSync(folder, Number(execFileSync('id', ['-u', 'postgres'])), -1)
  const run = (command: string, ...args: string[]): void => {
    const words = [join(bin, command), ...args]
    const [first = '', ...rest] = asRoot ? ['runuser', '-u', 'postgres', '--', ...words] : words
    execFileSync(first, rest, { stdio: 'ignore', cwd: folder })
  }
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=150`
  const control = (...args: string[]): void => run('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-w', ...args)
  run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync')
  const start = async (): Promise<void> => {
    control('-o', options, 'start')
    await untilAnswers(() => askPostgres(url))
  }
  const kill = async (): Promise<void> => control('-m', 'immediate', 'stop')
  await start()
  return {
    url,
    kill,
    start,
    async restart() {
      await kill()
      await start()
    },
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Where Debian keeps the newest; else what the path has. */
function postgresBin(): string {
  const folder = '/usr/lib/postgresql'
  const versions = existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(a) - Number(b)) : []
  const newest = versions.at(-1)
  if (newest) return join(folder, newest, 'bin')
  return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim()
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function askRedis(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.disconnect()
  }
}

async function askPostgres(url: string): Promise<void> {
  const sql = driver(url, { max: 1, connect_timeout: 5 })
  try {
    await sql`select 1`
  } finally {
    await sql.end({ timeout: 0 })
  }
}

async function untilAnswers(ask: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 300) throw error
      await delay(100)
    }
  }
}

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
