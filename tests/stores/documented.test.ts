/** Whatever is said of stores and deliveries stands in their documentation: each code, and each state. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const readAll = (folder: string): string =>
  readdirSync(new URL(folder, ROOT))
    .map((name) => read(`${folder}/${name}`))
    .join('\n')

/** Of what was said wrongly: the message has it all. */
const ELSEWHERE = ['STORE_NAME_INVALID', 'STORE_EXISTS', 'DELIVERY_INVALID', 'NOT_BOOTSTRAPPED', 'HOME_NEEDED']

test('each code', () => {
  const texts = ['packages/migrator/src/stores', 'packages/cli/src/stores'].map(readAll).join('\n')
  const said = [...texts.matchAll(/(?:BackSaasError\(\s*|\bcode: (?:away \? )?|: )'([A-Z]+_[A-Z_]+)'/g)].map(
    ([, code]) => code,
  )
  expect(said).toEqual(
    expect.arrayContaining(['STORES_BEHIND', 'STORE_UNREACHABLE', 'STORE_FAILED', 'DELIVERY_HALTED']),
  )
  const documented = read('docs/stores.md')
  const missing = new Set(said.filter((code) => !documented.includes(`\`${code}\``)))
  expect([...missing].toSorted()).toEqual(ELSEWHERE.toSorted())
})

test('each state of a delivery, and of a store in it', () => {
  const types = read('packages/migrator/src/stores/delivery-row.ts')
  const documented = read('docs/stores.md')
  for (const type of ['DeliveryState', 'StoreState']) {
    const [, values = ''] = new RegExp(`type ${type} = ([^\\n]+)`).exec(types) ?? []
    const states = [...values.matchAll(/'([a-z_]+)'/g)].map(([, state]) => state)
    expect(states.length).toBeGreaterThan(5)
    expect(states.filter((state) => !documented.includes(`\`${state}\``))).toEqual([])
  }
})
