/** Rules as the oracle knows them, and the schema document that says them to the product. */
import { type Expression, toCel } from './expression.ts'
import { ENTITIES, ENTITY_NAMES, type EntityName, type Field, isWritable, REFERENCES } from './world.ts'

export type Action = 'read' | 'create' | 'update' | 'delete'
export const ACTIONS: readonly Action[] = ['read', 'create', 'update', 'delete']

export interface Rule {
  readonly role: string
  readonly entity: EntityName
  readonly action: Action
  readonly effect: 'allow' | 'deny'
  readonly where?: Expression
  readonly fields?: readonly string[]
  readonly check?: Expression
  /** Written as what it leaves out. */
  readonly asExcept?: true
}

export interface RuleSet {
  readonly roles: Readonly<Record<string, readonly string[]>>
  /** Entities that have `access`; where none has and there are no rules besides, the schema is open to `admin`. */
  readonly ruled: readonly EntityName[]
  readonly rules: readonly Rule[]
}

/** The rules that hold for who has these roles, inherited ones among them. Roles that nobody declared bring none. */
export function rulesFor(set: RuleSet, roles: readonly string[], entity: EntityName, action: Action): readonly Rule[] {
  const held = heldRoles(set, roles)
  if (set.ruled.length === 0 && set.rules.length === 0)
    return held.has('admin') ? [{ role: 'admin', entity, action, effect: 'allow' }] : []
  return set.rules.filter((rule) => rule.entity === entity && rule.action === action && held.has(rule.role))
}

function heldRoles(set: RuleSet, roles: readonly string[]): ReadonlySet<string> {
  const held = new Set<string>()
  const hold = (role: string): void => {
    const inherited = Object.hasOwn(set.roles, role) ? set.roles[role] : undefined
    if (!inherited || held.has(role)) return
    held.add(role)
    for (const other of inherited) hold(other)
  }
  for (const role of roles) hold(role)
  return held
}

/** The schema document of a rule set. */
export function schemaDocument(name: string, set: RuleSet): string {
  const roles = Object.fromEntries(Object.entries(set.roles).map(([role, inherits]) => [role, { inherits }]))
  const entities = Object.fromEntries(
    ENTITY_NAMES.map((entity) => [
      entity,
      {
        key: keyOf(entity),
        without: WITHOUT[entity],
        fields: Object.fromEntries(
          Object.entries(ENTITIES[entity].fields)
            .filter(([, field]) => !field.system)
            .map(([field, declared]) => [field, fieldDocument(entity, field, declared)]),
        ),
        ...(set.ruled.includes(entity) ? { access: accessDocument(set, entity) } : {}),
      },
    ]),
  )
  return JSON.stringify({ schema: name, roles, entities }, null, 1)
}

const WITHOUT: Readonly<Record<EntityName, readonly string[]>> = {
  companies: ['created_at', 'updated_at', 'revision'],
  people: ['created_at', 'updated_at', 'created_by', 'revision'],
  projects: ['created_at', 'updated_at', 'created_by'],
  members: ['created_at', 'updated_at', 'created_by', 'revision'],
}

const COMPUTED: Readonly<Record<string, string>> = {
  badge: "name + '/' + code",
  total: 'budget + bonus',
  firm: 'company.name',
  tag: "label + '#'",
}

function keyOf(entity: EntityName): string | readonly string[] {
  const { key } = ENTITIES[entity]
  return key.length === 1 ? String(key[0]) : key
}

function fieldDocument(entity: EntityName, name: string, field: Field): object {
  if (field.computed) return { computed: COMPUTED[name], ...(field.computed.stored ? { stored: true } : {}) }
  const unique = ENTITIES[entity].unique.some((set) => set.join() === name) ? { unique: true } : {}
  const required = field.required ? { required: true } : {}
  const reference = REFERENCES.find(({ from, field: column }) => from === entity && column === name)
  if (reference) {
    const [as] = Object.entries(ENTITIES[entity].relations).find(([, { here, many }]) => here === name && !many) ?? []
    return { to: reference.to, as, on_delete: reference.onDelete, ...required }
  }
  const fallback =
    field.fallback === 'caller'
      ? { default: { cel: 'current_user.id' } }
      : field.fallback
        ? { default: field.fallback.literal }
        : {}
  const type = field.values ? { type: 'enum', values: field.values } : { type: typeName(entity, name, field) }
  return { ...type, ...required, ...unique, ...fallback }
}

function typeName(entity: EntityName, name: string, { type }: Field): string {
  if (type === 'int') return `${entity}.${name}` === 'projects.number' ? 'bigint' : 'integer'
  return type === 'bool' ? 'boolean' : type
}

function accessDocument(set: RuleSet, entity: EntityName): object {
  const roles: Record<string, Record<string, unknown>> = {}
  for (const rule of set.rules.filter((one) => one.entity === entity)) {
    const role = roles[rule.role] ?? {}
    roles[rule.role] = role
    if (rule.effect === 'allow') role[rule.action] = ruleDocument(rule)
    else if (isWhole(rule) && role[rule.action] === undefined) role[rule.action] = false
    else role.deny = { ...(role.deny as object | undefined), [rule.action]: ruleDocument(rule) }
  }
  return roles
}

function isWhole({ where, fields }: Rule): boolean {
  return where === undefined && fields === undefined
}

function ruleDocument(rule: Rule): true | object {
  const parts = {
    ...(rule.where ? { where: toCel(rule.where) } : {}),
    ...(rule.check ? { check: toCel(rule.check) } : {}),
    ...(rule.fields ? (rule.asExcept ? { except: leftOut(rule) } : { fields: rule.fields }) : {}),
  }
  return Object.keys(parts).length === 0 ? true : parts
}

export function leftOut({ entity, fields }: Rule): readonly string[] {
  return Object.keys(ENTITIES[entity].fields).filter((name) => !fields?.includes(name))
}

/** The fields that a rule of this action may name. */
export function nameable(entity: EntityName, action: Action): readonly string[] {
  return Object.entries(ENTITIES[entity].fields)
    .filter(([, field]) => action === 'read' || isWritable(field))
    .map(([name]) => name)
}
