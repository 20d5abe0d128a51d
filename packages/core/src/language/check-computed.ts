/** Checks which options stand beside `computed`; that the type agrees is told where the expression is compiled. */
import type { FieldDocument } from './document.ts'
import type { SayOfField } from './draft.ts'

const BESIDE: ReadonlySet<keyof FieldDocument> = new Set<keyof FieldDocument>([
  ...(['computed', 'stored', 'type', 'list', 'description', 'unique', 'renamed_from'] as const),
])

/** Reports every option that means nothing for a value that nobody gives. */
export function checkComputed(document: FieldDocument, say: SayOfField): void {
  // The keys of a document whose shape is known are those of its type.
  for (const option of Object.keys(document) as (keyof FieldDocument)[]) {
    if (!BESIDE.has(option)) {
      const hint = option === 'check' ? 'say it under `check` of the entity' : 'remove it'
      say(option, 'NOT_APPLICABLE', `\`${option}\` does not apply to a computed field`, hint)
    }
  }
  if (document.unique && !document.stored) {
    const hint = 'say `stored: true`'
    say('unique', 'NOT_APPLICABLE', 'only a `stored` computed field can be unique', hint)
  }
}
