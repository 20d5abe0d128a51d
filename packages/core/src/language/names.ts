/** Which names a schema, role, entity, field or relation may have. */
import type { Path } from './path.ts'
import type { ProblemList } from './problem-list.ts'

export type NameKind = 'schema' | 'role' | 'entity' | 'field' | 'relation'

const BYTES_MAX = 48
const FORM = /^[a-z][a-z0-9_]*$/

const RESERVED: Readonly<Partial<Record<NameKind, ReadonlySet<string>>>> = {
  entity: new Set(['rpc', 'query', 'batch']),
  field: new Set([
    ...['tenant_id', 'self', 'current_user', 'tenant', 'select', 'order', 'limit', 'offset', 'columns'],
    ...['on_conflict', 'and', 'or', 'not', 'search', 'after'],
  ]),
}

/** A better name where the obvious one would be refused as well. */
const INSTEAD: Readonly<Record<string, string>> = {
  tenant_id: 'each row carries its tenant already; rename it, for example to `customer_id` or `account_id`',
  order: 'rename it, for example to `position` or `sort_order`',
}

/**
 * Reports what is wrong with a name.
 *
 * @param path where it stands; `at` says whether it is a key there or a value.
 * @returns whether the name is allowed.
 */
export function checkName(
  kind: NameKind,
  name: string,
  place: { readonly path: Path; readonly at: 'key' | 'value' },
  problems: ProblemList,
): boolean {
  const shown = `\`${name.length > 60 ? `${name.slice(0, 60)}…` : name}\``
  const report = (code: string, message: string, hint?: string): false => {
    problems.report({ ...place, code, message, hint })
    return false
  }
  const foreign = /[^ -~]/u.exec(name)
  if (foreign) {
    const code = (foreign[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const message = `${shown} holds U+${code}, which is not ASCII and may look like another letter`
    const plain = name.normalize('NFKC')
    return report('CONFUSABLE_NAME', message, FORM.test(plain) ? `write \`${plain}\`` : 'use a to z, 0 to 9 and _')
  }
  if (name.length > BYTES_MAX)
    return report('NAME_TOO_LONG', `the ${kind} name ${shown} is longer than ${BYTES_MAX} bytes`)
  if (name.startsWith('_') || name.startsWith('pg_')) {
    return report('RESERVED_NAME', `the ${kind} name ${shown} begins with _ or pg_, which is reserved`)
  }
  if (!FORM.test(name)) {
    const plain = snakeCase(name)
    const hint = FORM.test(plain) ? `write \`${plain}\`` : 'use a to z, 0 to 9 and _, beginning with a letter'
    return report('INVALID_NAME', `${shown} is no ${kind} name`, hint)
  }
  if (RESERVED[kind]?.has(name)) {
    return report(
      'RESERVED_NAME',
      `${shown} is a reserved ${kind} name`,
      INSTEAD[name] ?? `rename it, for example to \`${name}_${kind === 'entity' ? 'items' : 'value'}\``,
    )
  }
  return true
}

function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
}
