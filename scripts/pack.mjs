/** Builds every package and packs it into a folder, as it would be published: `node scripts/pack.mjs FOLDER`. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from './prepare.mjs'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('usage: node scripts/pack.mjs FOLDER')
const target = resolve(folder)

execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' })
mkdirSync(target, { recursive: true })
for (const name of readdirSync(join(root, 'packages'))) {
  const args = ['pack', '--ignore-scripts', '--pack-destination', target]
  execFileSync('npm', args, {
    cwd: join(root, 'packages', name),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
}
