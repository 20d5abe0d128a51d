/** Checks the arguments of a job: in the runtime that is asked, and in the migrator, which trusts no row. */
import type { Json } from '../contracts/json.ts'
import { isUuid } from '../contracts/uuid.ts'
import { BackSaasError, type FieldProblem } from '../errors/backsaas-error.ts'
import { nearestName } from '../names/nearest-name.ts'
import type { JobKind, JobRequest } from './job.ts'
import { readDeadline } from './read-deadline.ts'

/** Says what is wrong with a value; null for nothing. */
type Rule = (value: Json) => string | null

interface Arguments {
  readonly required: readonly string[]
  readonly rules: Readonly<Record<string, Rule>>
  /** Of arguments that are right by themselves. */
  readonly together?: (given: Readonly<Record<string, Json>>) => FieldProblem | null
}

/** As many characters as a schema may have bytes. */
const SOURCE_MAX = 1_000_000
const VERSION_MAX = 2_147_483_647

const document: Rule = (value) =>
  typeof value === 'string' ? text(1, SOURCE_MAX)(value) : 'is no text: give the document as YAML or JSON text'
const uuid: Rule = (value) => (typeof value === 'string' && isUuid(value) ? null : 'is no uuid')
const tenantName = text(1, 63)
const schemaName = matching(
  /^(?:[a-z][a-z0-9-]{1,62}\/)?[a-z][a-z0-9_]{0,47}$/,
  'is no name of a schema: name, or owner/name',
)
const profileName = matching(
  /^[a-z][a-z0-9_]{0,47}$/,
  'is no name of a profile: lower-case letters, digits and underscores',
)

const ROLLOUT: Arguments = { required: [], rules: { rollout: uuid, schema: schemaName }, together: oneRollout }

const ARGUMENTS: Readonly<Record<JobKind, Arguments>> = {
  publish_schema: {
    required: [],
    rules: { source: document, draft: uuid, base: integer(0, VERSION_MAX), hold: flag },
    together: oneDocument,
  },
  validate_schema: { required: [], rules: { source: document, draft: uuid }, together: oneDocument },
  diff_schema: {
    required: [],
    rules: {
      schema: schemaName,
      from: integer(1, VERSION_MAX),
      to: integer(1, VERSION_MAX),
      source: document,
      draft: uuid,
    },
    together: twoSides,
  },
  list_installable_schemas: { required: [], rules: { search: text(1, 48), after: text(1, 120) } },
  install_schema: { required: ['schema'], rules: { schema: schemaName, as: profileName } },
  uninstall_schema: { required: ['profile'], rules: { profile: profileName } },
  provision_tenant: {
    required: ['slug'],
    rules: {
      slug: text(1, 63),
      name: text(1, 200),
      hosts: list(50, text(1, 253)),
      schemas: list(50, schemaName),
      store: text(1, 63),
      id: uuid,
      key: keyToStore,
    },
    together: ({ id, key }) =>
      key !== undefined && id === undefined
        ? problem('/id', 'is missing: a key is of a tenant whose id is known')
        : null,
  },
  suspend_tenant: { required: ['tenant'], rules: { tenant: tenantName } },
  resume_tenant: { required: ['tenant'], rules: { tenant: tenantName } },
  replay_events: {
    required: ['from'],
    rules: {
      from: integer(1, Number.MAX_SAFE_INTEGER),
      to: integer(1, Number.MAX_SAFE_INTEGER),
      types: list(50, text(1, 200)),
    },
  },
  continue_migration: {
    required: [],
    rules: { migration: uuid, schema: schemaName, contract: flag, confirm: text(1, 100), now: flag },
    together: oneMigration,
  },
  rollback_migration: { required: [], rules: { migration: uuid, schema: schemaName }, together: oneMigration },
  start_rollout: {
    required: ['schema'],
    rules: {
      schema: schemaName,
      to: integer(1, VERSION_MAX),
      // Looked into by the act: the runtime of an edge need not know them.
      waves: anything,
      bake: anything,
      gates: anything,
    },
  },
  pause_rollout: ROLLOUT,
  resume_rollout: ROLLOUT,
  advance_rollout: {
    ...ROLLOUT,
    rules: { ...ROLLOUT.rules, force: flag, reason: sentence(500) },
    together: (given) => oneRollout(given) ?? forcedForReason(given),
  },
  abort_rollout: ROLLOUT,
  pin_install: {
    required: ['profile', 'until', 'reason'],
    rules: {
      profile: profileName,
      version: integer(1, VERSION_MAX),
      until: deadline,
      reason: sentence(500),
      tenant: tenantName,
    },
  },
  unpin_install: { required: ['profile'], rules: { profile: profileName, stay: flag, tenant: tenantName } },
}

/**
 * The arguments as they are, known to be right; an argument that is null is none.
 *
 * @throws `ARGUMENTS_INVALID` (422) with every fault and its place.
 * @example checkArguments('install_schema', { schema: 'crm' }).input.schema // 'crm'
 */
export function checkArguments<K extends JobKind>(kind: K, given: Json): Extract<JobRequest, { readonly kind: K }> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(kind, [problem('', 'are no object')])
  }
  const values = Object.entries(given).filter(([, value]) => value !== null)
  const { rules, required, together } = ARGUMENTS[kind]
  const present = Object.fromEntries(values)
  const faults = [
    ...required.filter((name) => !Object.hasOwn(present, name)).map((name) => problem(`/${name}`, 'is missing')),
    ...values.flatMap(([name, value]) => checkOne(rules, name, value) ?? []),
  ]
  const joint = faults.length === 0 ? together?.(present) : null
  if (joint) faults.push(joint)
  if (faults.length > 0) throw invalid(kind, faults)
  // Every member has passed its rule, which is what the type says of it.
  return { kind, input: present } as unknown as Extract<JobRequest, { readonly kind: K }>
}

function checkOne(rules: Arguments['rules'], name: string, value: Json): FieldProblem | null {
  const shown = name.slice(0, 100)
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
  if (!rule) {
    const near = nearestName(name, Object.keys(rules))
    const advice = near === null ? `the arguments are ${Object.keys(rules).join(', ')}` : `did you mean \`${near}\`?`
    return { pointer: `/${shown}`, code: 'UNKNOWN_ARGUMENT', detail: `is no argument: ${advice}` }
  }
  const fault = rule(value)
  return fault === null ? null : problem(`/${shown}`, fault)
}

function oneDocument({ source, draft }: Readonly<Record<string, Json>>): FieldProblem | null {
  if (source === undefined && draft === undefined) return problem('/source', 'is missing: give it, or `draft`')
  return source !== undefined && draft !== undefined ? problem('/draft', 'cannot be given beside `source`') : null
}

function twoSides({ schema, to, source, draft }: Readonly<Record<string, Json>>): FieldProblem | null {
  const isDocument = source !== undefined || draft !== undefined
  if (!isDocument) return schema === undefined ? problem('/schema', 'is missing') : null
  if (source !== undefined && draft !== undefined) return problem('/draft', 'cannot be given beside `source`')
  if (to !== undefined) return problem('/to', 'cannot be given beside a document, which is compared with `from`')
  return schema === undefined ? null : problem('/schema', 'is said by the document')
}

function oneMigration({ migration, schema }: Readonly<Record<string, Json>>): FieldProblem | null {
  if (migration === undefined && schema === undefined) return problem('/migration', 'is missing: give it, or `schema`')
  return migration !== undefined && schema !== undefined
    ? problem('/schema', 'cannot be given beside `migration`')
    : null
}

function oneRollout({ rollout, schema }: Readonly<Record<string, Json>>): FieldProblem | null {
  if (rollout === undefined && schema === undefined) return problem('/rollout', 'is missing: give it, or `schema`')
  return rollout !== undefined && schema !== undefined ? problem('/schema', 'cannot be given beside `rollout`') : null
}

function forcedForReason({ force, reason }: Readonly<Record<string, Json>>): FieldProblem | null {
  if (force === true) return reason === undefined ? problem('/reason', 'is missing: it stays in the audit log') : null
  return reason === undefined ? null : problem('/reason', 'is for `force` alone')
}

function anything(): null {
  return null
}

function flag(value: Json): string | null {
  return typeof value === 'boolean' ? null : 'is neither true nor false'
}

function deadline(value: Json): string | null {
  return typeof value === 'string' && readDeadline(value) !== null
    ? null
    : 'is no deadline: `30d` (m, h, d, w), or a time such as 2027-01-31T12:00:00Z'
}

function sentence(max: number): Rule {
  return (value) => text(1, max)(value) ?? (String(value).trim() === '' ? 'is blank' : null)
}

function text(min: number, max: number): Rule {
  return (value) => {
    if (typeof value !== 'string') return 'is no text'
    if (value.length < min) return 'is empty'
    if (value.length > max) return `is longer than ${max} characters`
    if (!value.isWellFormed()) return 'holds half a character'
    return value.includes('\0') ? 'contains a NUL character' : null
  }
}

function matching(pattern: RegExp, fault: string): Rule {
  return (value) => (typeof value === 'string' && pattern.test(value) ? null : fault)
}

function integer(min: number, max: number): Rule {
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? null
      : `is no whole number from ${min} to ${max}`
}

function list(max: number, item: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return 'is no list'
    if (value.length > max) return `has more than ${max} items`
    const fault = value.map((one: Json) => item(one)).find((one) => one !== null)
    return fault === undefined ? null : `has an item that ${fault}`
  }
}

function keyToStore(value: Json): string | null {
  const fault = 'is no { prefix, hash } of a key'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault
  const { prefix, hash, ...rest } = value as Readonly<Record<string, Json>> // an object, seen above
  const isRight = /^[0-9a-f]{12}$/.test(String(prefix)) && /^[0-9a-f]{64}$/.test(String(hash))
  return isRight && Object.keys(rest).length === 0 ? null : fault
}

function problem(pointer: string, detail: string): FieldProblem {
  return { pointer, code: 'INVALID_ARGUMENT', detail }
}

function invalid(kind: JobKind, errors: readonly FieldProblem[]): BackSaasError {
  const [first] = errors
  const named = first?.pointer ? first.pointer.slice(1) : 'the arguments'
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new BackSaasError('ARGUMENTS_INVALID', 422, `${kind}: ${named} ${first?.detail}${more}`, {
    hint: `Its arguments are ${Object.keys(ARGUMENTS[kind].rules).join(', ')}.`,
    errors,
  })
}
