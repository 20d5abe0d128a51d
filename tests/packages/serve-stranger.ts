/** Runs a stranger's module on Node, in a process of its own. */
import { spawn } from 'node:child_process'
import type { Served } from '../fixture/start-fixture.ts'

export interface ServedOnNode extends Served {
  /** Sends SIGTERM and answers the exit code. */
  stop(): Promise<number | null>
}

/** @example const server = await serveOnNode('/tmp/stranger', './app.ts', { DATABASE_URL }) */
export async function serveOnNode(
  folder: string,
  module: string,
  variables: Readonly<Record<string, string>>,
): Promise<ServedOnNode> {
  const child = spawn(process.execPath, ['serve.mjs', module], { cwd: folder, env: { ...process.env, ...variables } })
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const port = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const [, found] = /^port (\d+)$/m.exec(output) ?? []
      if (found) resolve(Number(found))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    void ended.then((code) => reject(new Error(`${module} has ended with ${code}: ${output}`)))
  })
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM')
    return ended
  }
  return {
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    stop,
    close: async () => void (await stop()),
  }
}
