/** Packs every package and installs the tarballs into an empty folder, as a stranger would from the registry. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface PackedPackage {
  readonly name: string
  readonly folder: string
  readonly tarball: string
}

/** Builds the packages and packs them into `target`, as the production images do. */
export function packPackages(target: string): readonly PackedPackage[] {
  execFileSync(process.execPath, ['scripts/pack.mjs', target], { cwd: root, stdio: 'pipe' })
  return readdirSync(join(root, 'packages')).map((folderName) => {
    const folder = join(root, 'packages', folderName)
    const { name, version }: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return { name, folder, tarball: join(target, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`) }
  })
}

/**
 * Installs the tarballs, and from the registry what else a stranger needs, in the versions that this repository uses.
 *
 * @param others names of packages that a `package.json` of the repository has.
 */
export function installPackages(packages: readonly PackedPackage[], others: readonly string[], target: string): void {
  const dependencies = {
    ...Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`])),
    ...Object.fromEntries(others.map((name) => [name, versionOf(name)])),
  }
  mkdirSync(target, { recursive: true })
  writeFileSync(join(target, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], target)
}

function npm(args: readonly string[], cwd: string): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function versionOf(name: string): string {
  for (const folder of ['', 'packages/adapters', 'packages/cli', 'packages/runtime']) {
    const manifest: Manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const version = manifest.dependencies?.[name] ?? manifest.devDependencies?.[name]
    if (version) return version
  }
  throw new Error(`no package of this repository uses ${name}`)
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}
