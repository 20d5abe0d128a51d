/** A Postgres server with a replica that streams from it, for what one server alone cannot show; made where the server's programs are. */
import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface ReplicatedServer {
  /** Of the primary, as a superuser. */
  readonly url: string
  /** The replica takes what comes, and replays nothing of it until `resume`. */
  pause(): void
  resume(): void
  stop(): void
}

const VERSIONS = '/usr/lib/postgresql'

/** @returns null where the programs are not there, or nobody may run them. */
export async function startReplicatedServer(): Promise<ReplicatedServer | null> {
  const version = existsSync(VERSIONS) ? readdirSync(VERSIONS).toSorted().at(-1) : undefined
  if (version === undefined) return null
  const bin = join(VERSIONS, version, 'bin')
  const folder = mkdtempSync('/tmp/backsaas-replicated-')
  const isRoot = process.getuid?.() === 0
  const run = (program: string, ...args: string[]): string => {
    const command = [join(bin, program), ...args]
    // Postgres does not run as root.
    const [tool = '', ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command
    return execFileSync(tool, rest, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    })
  }
  const [primary, replica] = ['primary', 'replica'].map((name) => join(folder, name)) as [string, string]
  const ports = [await freePort(), await freePort()] as const
  const start = (data: string, port: number): string =>
    run(
      'pg_ctl',
      '-D',
      data,
      '-w',
      '-l',
      join(folder, `${port}.log`),
      '-o',
      `-p ${port} -k ${folder} -c fsync=off`,
      'start',
    )
  const on = (port: number, text: string): string =>
    run('psql', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-Atc', text)
  const stop = (): void => {
    for (const data of [replica, primary]) {
      if (existsSync(join(data, 'postmaster.pid'))) run('pg_ctl', '-D', data, '-m', 'immediate', 'stop')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    if (isRoot) {
      const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres']).toString())
      chownSync(folder, id('-u'), id('-g'))
    }
    run('initdb', '-D', primary, '-U', 'postgres', '--auth=trust', '--no-sync')
    start(primary, ports[0])
    run(
      'pg_basebackup',
      '-h',
      '127.0.0.1',
      '-p',
      String(ports[0]),
      '-U',
      'postgres',
      '-D',
      replica,
      '-R',
      '--no-sync',
      '-c',
      'fast',
    )
    start(replica, ports[1])
  } catch (error) {
    stop()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return {
    url: `postgres://postgres@127.0.0.1:${ports[0]}/postgres`,
    pause: () => void on(ports[1], 'select pg_wal_replay_pause()'),
    resume: () => void on(ports[1], 'select pg_wal_replay_resume()'),
    stop,
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
