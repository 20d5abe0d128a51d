/** A document as YAML in the form that people write it: a line for each field. */
import { Document, isMap, isPair, isScalar, visit, type YAMLMap } from 'yaml'
import type { BuiltDocument } from './build-document.ts'

/** @example writeYaml(buildDocument('shop', tables, 'public'), 'public') */
export function writeYaml({ document, notes }: Pick<BuiltDocument, 'document' | 'notes'>, from: string): string {
  const yaml = new Document(document)
  visit(yaml, {
    Pair(_key, pair) {
      if (!isScalar(pair.key)) return
      if (isMap(pair.value) && (pair.key.value === 'fields' || pair.key.value === 'has_many')) flowItems(pair.value)
    },
    Seq(_key, node) {
      node.flow = true
    },
  })
  return `${comment(from, notes)}${yaml.toString({ lineWidth: 0, flowCollectionPadding: true })}`
}

function flowItems(map: YAMLMap): void {
  for (const item of map.items) if (isPair(item) && isMap(item.value)) item.value.flow = true
}

function comment(from: string, notes: readonly string[]): string {
  const lines = [`Read from the Postgres schema "${from}".`]
  if (notes.length > 0) lines.push('', 'What is not as it was there:', ...notes.map((note) => `- ${note}`))
  return lines
    .map((line) => `# ${line.replaceAll(/\s+/g, ' ')}`.trimEnd())
    .join('\n')
    .concat('\n')
}
