/** An expression as it stands in a document, before it is compiled. */
import type { ExpressionType } from '../contracts/expression.ts'
import type { EntityDraft } from './draft.ts'
import type { Path } from './path.ts'

export interface WrittenExpression {
  readonly source: string
  readonly path: Path
  /** Whose rows it speaks of. */
  readonly entity: EntityDraft
  readonly use: 'row_rule' | 'check' | 'computed' | 'stored' | 'default' | 'condition' | 'condition_after'
  /** Absent: whatever it comes to. */
  readonly expects?: ExpressionType
  /** Of an enum that it must come to. */
  readonly values?: readonly string[]
}
