/** Which rules made an expectation fail, with their places in the schema's file. */
import type { Expectation, Identity } from '@backsaas/core'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { askExplanation } from './ask-explanation.ts'
import type { StoredRow } from './insert-rows.ts'
import type { ExplainedRule, Explanation } from './result.ts'
import type { SchemaFile } from './suite.ts'
import type { World } from './world.ts'

/** Finds the line and column of a JSON pointer. */
export type Locate = (pointer: string) => ExplainedRule['place']

/** @returns null where the product cannot say. */
export async function explainFailure(
  world: World,
  caller: Identity,
  expectation: Expectation,
  row: StoredRow | null,
  locate: Locate,
): Promise<Explanation | null> {
  const told = await askExplanation(world, caller, expectation, row)
  return (
    told && {
      reason: told.reason,
      rules: told.rules.map(({ place: pointer, ...rule }) => ({ ...rule, pointer, place: locate(pointer) })),
    }
  )
}

/** @example locateIn(schema)('/entities/contacts/access/sales/read') // { line: 30, column: 15 } */
export function locateIn({ text }: SchemaFile): Locate {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  return (pointer) => {
    if (!pointer.startsWith('/')) return null
    const path = pointer
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    const node = document.getIn(path, true)
    if (!isNode(node) || !node.range) return null
    const { line, col } = lines.linePos(node.range[0])
    return { line, column: col }
  }
}
