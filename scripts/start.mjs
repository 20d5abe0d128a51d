/** `npm start`: installs what is missing, then serves the example to two tenants with `backsaas dev`. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'

const env = prepare()
const main = join(root, 'packages', 'cli', 'src', 'main.ts')
const args = ['--conditions=@backsaas/source', main, 'dev', ...process.argv.slice(2)]
const windows = process.platform === 'win32'
const child = spawn('node', args, { env, stdio: 'inherit', shell: windows })

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`backsaas: cannot start node: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
