/** Rows of a rename, a conversion and a split, as a ledger has them. */
import type { Side, Subject } from './ledger.ts'
import { type Documents, renamedConvertedSplit } from './renamed-converted-split.ts'

interface Person {
  readonly title: string
  readonly cents: number
  readonly first: string
  readonly last: string
  readonly other: string
}

const documents: Documents = renamedConvertedSplit('crm')

export const BEFORE: string = documents.before
export const AFTER: string = documents.after

const PARTS = ['title', 'cents', 'first', 'last', 'other'] as const

/** Created whole, then changed by one of its parts at a time. */
export const people: Subject<Person> = {
  create(n, side) {
    const model = { title: `t${n}`, cents: (n * 7919) % 100_000, first: `f${n}`, last: `l${n}`, other: `o${n}` }
    return { model, body: face(model, side) }
  },
  update(model, n, side) {
    const part = PARTS[n % PARTS.length] as keyof Person
    const changed: Person = { ...model, [part]: part === 'cents' ? (n * 31) % 100_000 : `${part[0]}${n}` }
    return { model: changed, body: face(changed, side, part) }
  },
  shows: (model, side) => ({ entity: 'people', row: face(model, side) }),
}

/** Everything of it as a version has it, or what comes of one of its parts. */
function face(person: Person, side: Side, part?: keyof Person): Record<string, unknown> {
  const { title, cents, first, last, other } = person
  const name = `${first} ${last}`
  if (side === 'old') {
    const parts = { title: { title }, cents: { price: cents }, first: { name }, last: { name }, other: { other } }
    return part ? parts[part] : { title, price: cents, name, other }
  }
  const price = cents / 100
  const parts = { title: { heading: title }, cents: { price }, first: { first }, last: { last }, other: { other } }
  return part ? parts[part] : { heading: title, price, first, last, other }
}
