/** Checks the lists of fields an entity is unique or indexed by, its events, and what it leaves out. */
import type { Draft, EntityDraft } from './draft.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'
import type { ProblemList } from './problem-list.ts'

/** Postgres indexes 32 columns; the tenant's leads. */
const FIELDS_MAX = 31
const LISTS_MAX = 50

/** Reports unknown, repeated and unsuitable fields. Needs `resolveFields` to have run. */
export function checkSets({ entities, problems }: Draft): void {
  for (const entity of entities.values()) {
    const { unique = [], indexes = [], without = [], events = [] } = entity.document
    checkSet(entity, entity.key, [...entity.path, 'key'], problems)
    const alone = [...entity.declared.values()].filter((field) => field.document.unique).map((field) => [field.name])
    checkLists(entity, 'unique', unique, [entity.key, ...alone], problems)
    checkLists(entity, 'indexes', indexes, [], problems)
    for (const [option, list] of [
      ['without', without],
      ['events', events],
    ] as const) {
      if (new Set<string>(list).size === list.length) continue
      const message = `\`${option}\` names one of its members twice`
      problems.report({ path: [...entity.path, option], code: 'DUPLICATE_VALUE', message })
    }
  }
}

/** `others` are kept unique already, so to name them again would say nothing. */
function checkLists(
  entity: EntityDraft,
  option: 'unique' | 'indexes',
  lists: readonly (readonly string[])[],
  others: readonly (readonly string[])[],
  problems: ProblemList,
): void {
  const path = [...entity.path, option]
  const seen = new Set(others.map((other) => other.join()))
  if (lists.length > LISTS_MAX) {
    problems.report({ path, code: 'TOO_MANY_LISTS', message: `\`${option}\` holds at most ${LISTS_MAX} lists` })
    return
  }
  lists.forEach((list, index) => {
    const place = [...path, index]
    if (seen.has(list.join())) {
      const message = `[${list.join(', ')}] is there already`
      problems.report({ path: place, code: 'DUPLICATE_LIST', message, hint: 'remove it' })
    }
    seen.add(list.join())
    if (list.length === 0) problems.report({ path: place, code: 'EMPTY_LIST', message: 'a list has one field or more' })
    const names = new Set<string>()
    list.forEach((name, at) => {
      if (names.size === names.add(name).size) {
        problems.report({ path: [...place, at], code: 'DUPLICATE_FIELD', message: `\`${name}\` stands here twice` })
      } else checkMember(entity, name, [...place, at], problems)
    })
    checkSet(entity, list, place, problems)
  })
}

function checkMember(entity: EntityDraft, name: string, path: Path, problems: ProblemList): void {
  const field = entity.fields.get(name)
  if (field?.computed && !field.computed.stored) {
    const message = `\`${name}\` is computed when it is read, and only a \`stored\` field can stand here`
    problems.report({ path, code: 'NOT_APPLICABLE', message, hint: 'say `stored: true`' })
  } else if (field?.type === 'json') {
    const message = `\`${name}\` is JSON, which cannot be compared or indexed`
    problems.report({ path, code: 'NOT_APPLICABLE', message })
  } else reportUnknownField(entity, name, path, problems)
}

function checkSet(entity: EntityDraft, names: readonly string[], path: Path, problems: ProblemList): void {
  if (names.length <= FIELDS_MAX) return
  const message = `a list of fields of \`${entity.name}\` has at most ${FIELDS_MAX}`
  problems.report({ path, code: 'TOO_MANY_FIELDS', message })
}

/** Says so where an entity has no field of that name, and none that was merely faulty. */
export function reportUnknownField(entity: EntityDraft, name: string, path: Path, problems: ProblemList): void {
  if (entity.fields.has(name) || entity.declared.has(name) || !entity.sound) return
  problems.report({
    path,
    code: 'UNKNOWN_FIELD',
    message: `\`${entity.name}\` has no field \`${name}\``,
    hint: () => didYouMean(name, entity.fields.keys()),
  })
}
