/** Entities on their way from document to compiled schema: one form for both ways to write them, places kept. */
import type { CompiledField } from '../contracts/compiled.ts'
import type { EntityDocument, FieldDocument, SchemaDocument } from './document.ts'
import type { Path } from './path.ts'
import type { ProblemList } from './problem-list.ts'

export interface Draft {
  readonly document: SchemaDocument
  readonly entities: ReadonlyMap<string, EntityDraft>
  readonly problems: ProblemList
}

export interface EntityDraft {
  readonly name: string
  readonly path: Path
  /** False where a part was taken out as faulty; then nobody is blamed for what may have been in it. */
  readonly sound: boolean
  readonly document: EntityDocument
  /** As declared, without system fields. */
  readonly declared: ReadonlyMap<string, FieldDraft>
  /** With system fields, types resolved; a field whose type is unknown is absent. Filled by `resolveFields`. */
  readonly fields: Map<string, CompiledField>
  /** Names of the key fields. Filled by `resolveKeys`. */
  key: readonly string[]
}

export interface FieldDraft {
  readonly name: string
  readonly path: Path
  readonly sound: boolean
  readonly document: FieldDocument
  /** Where an option stands, if not under its own name in `path`: in the JSON Schema form. */
  readonly places: Readonly<Partial<Record<keyof FieldDocument, Path>>>
}

/** Reports what is wrong with an option of a field. */
export type SayOfField = (option: keyof FieldDocument, code: string, message: string, hint?: string) => void

/** The place of a field's option. */
export function optionPath(field: FieldDraft, option: keyof FieldDocument): Path {
  return field.places[option] ?? [...field.path, option]
}

/** Whether the value is made of the row, so that nobody gives it. */
export function isComputed(field: FieldDraft | undefined): boolean {
  return field?.document.computed !== undefined
}
