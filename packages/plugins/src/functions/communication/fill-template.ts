/** Texts with `{{field}}` in them: of the row, and `{{old.field}}`, `{{user.id}}`, `{{user.email}}`, `{{tenant.slug}}`. */
import type { FunctionContext, FunctionRow, Json } from '@backsaas/core'

const PLACE = /\{\{\s*([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)\s*\}\}/g
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** @param form of `html` what is put in is escaped, so that no value becomes markup. */
export function fillTemplate(
  template: string,
  context: Pick<FunctionContext, 'user' | 'tenant' | 'old'>,
  row: FunctionRow,
  form: 'text' | 'html' = 'text',
): string {
  return template.replaceAll(PLACE, (_, name: string) => {
    const text = written(valueAt(name, context, row))
    return form === 'html' ? text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign) : text
  })
}

function valueAt(
  name: string,
  { user, tenant, old }: Pick<FunctionContext, 'user' | 'tenant' | 'old'>,
  row: FunctionRow,
): Json {
  switch (name) {
    case 'user.id':
      return user.id
    case 'user.email':
      return user.email ?? null
    case 'tenant.slug':
      return tenant.slug
    default: {
      const [source, field] = name.startsWith('old.') ? [old ?? {}, name.slice(4)] : [row, name]
      return Object.hasOwn(source, field) ? (source[field] ?? null) : null
    }
  }
}

function written(value: Json): string {
  if (value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
