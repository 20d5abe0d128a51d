/** The page of a function, made from its definition. */
import type { FunctionDefinition } from '@backsaas/core'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'

interface Property {
  readonly description?: string
  readonly type?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
}

/** As Markdown. */
export function functionPage(definition: FunctionDefinition): string {
  const { name, description, kind, needs, callable, settings, params } = definition
  const where = kind === 'hook' ? `at ${definition.moments.join(', ')}` : 'on a field, at before_create, before_update'
  const fields = kind === 'hook' || !definition.fields ? '' : ` of type ${definition.fields.join(', ')}`
  return `${[
    `# ${name}`,
    description,
    `- Kind: \`${kind}\`, used ${where}${fields}`,
    `- Needs: \`${needs}\``,
    callable ? `- Callable: \`POST /rest/v1/rpc/${name}\`` : '- Not callable',
    `## Parameters\n\n${table(params)}`,
    ...(settings ? [`## Settings, under \`functions:\`\n\n${table(settings)}`] : []),
    '_Made from the definition of the function._',
  ]
    .join('\n\n')
    .replaceAll('\n\n- ', '\n- ')}\n`
}

function table(shape: GenericSchema): string {
  const schema = toJsonSchema(shape, { errorMode: 'ignore' })
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Property>>
  const rows = Object.entries(properties).map(([key, { description = '', type, default: fallback, enum: values }]) => {
    const kind = values ? values.map((value) => `\`${value}\``).join(', ') : (type ?? 'any')
    const must = schema.required?.includes(key)
      ? 'required'
      : fallback === undefined
        ? ''
        : `\`${JSON.stringify(fallback)}\``
    return `| \`${key}\` | ${kind} | ${must} | ${description.replaceAll('|', '\\|')} |`
  })
  if (rows.length === 0) return 'None.'
  return ['| name | type | default | |', '| --- | --- | --- | --- |', ...rows].join('\n')
}
