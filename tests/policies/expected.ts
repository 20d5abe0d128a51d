/** What an answer may be: some questions have more than one right answer, so there are lists of them. */
import type { Ranked, Shown } from './answer-rows.ts'
import type { Setting } from './sight.ts'
import type { Tables } from './world.ts'

export type Expected = {
  readonly status: number
  /** The data afterwards. */
  readonly tables: Tables
} & (
  | { readonly is: 'refused'; readonly code: string }
  | {
      readonly is: 'rows'
      readonly rows: Ranked
      readonly limit: number | null
      readonly offset: number
      /** All rows there are, where they are counted. */
      readonly total: number | null
      /** Without a body. */
      readonly head?: boolean
    }
  | { readonly is: 'object'; readonly row: Shown }
  /** No body. */
  | { readonly is: 'done' }
)

export type Refused = Extract<Expected, { is: 'refused' }>

export function refused({ tables }: Setting, status: number, code: string): Refused {
  return { is: 'refused', status, code, tables }
}

/** Of who may not do a thing at all. */
export function denied(setting: Setting): Refused {
  return setting.caller.kind === 'anonymous' ? refused(setting, 401, 'AUTH_REQUIRED') : forbidden(setting)
}

/** Of who may do a thing, and not this. */
export function forbidden(setting: Setting): Refused {
  return refused(setting, 403, '42501')
}
