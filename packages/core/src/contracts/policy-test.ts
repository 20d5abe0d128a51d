/** What `tests:` of a schema and `*.test.yaml` files come to: who may do what to which row, stated one by one. */

import type { Action } from './action.ts'
import type { JsonObject } from './json.ts'
import type { Principal } from './principal.ts'

/** One test: rows, callers, and what is expected of each caller. */
export interface PolicyTest {
  readonly name: string
  readonly place: Place
  /** Inserted without rules, in this order, before anything is tried. */
  readonly fixtures: readonly FixtureRow[]
  /** By the name that expectations call them. */
  readonly principals: Readonly<Record<string, TestPrincipal>>
  /** Independent of each other: what one of them writes, the next does not find. */
  readonly expectations: readonly Expectation[]
}

/** Where something stands in the text of the tests, for a report. */
export interface Place {
  readonly pointer: string
  readonly line: number
  readonly column: number
}

export interface FixtureRow {
  readonly entity: string
  readonly label?: string
  /** In the form in which the API takes them: bigints and decimals as text. Every required field is given. */
  readonly values: JsonObject
}

export interface TestPrincipal {
  readonly kind: Principal['kind']
  readonly roles: readonly string[]
  readonly id?: string
  readonly email?: string
}

/** Whether a principal may do one thing. */
export interface Expectation {
  readonly principal: string
  readonly action: Action
  readonly entity: string
  readonly allowed: boolean
  /**
   * The row that it is about, of read, update and delete: one of the fixtures by its index, or values, where what is not
   * named is filled in at will. Absent: whether the action is allowed on any row at all.
   */
  readonly row?: { readonly fixture: number } | { readonly values: JsonObject }
  /** What is given: of create the row, of update the changes. Absent: any. */
  readonly input?: JsonObject
  /**
   * The fields in question: of read, whether every one of them is seen (where not `allowed`: whether none is); of create
   * and update, whether they may be given.
   */
  readonly fields?: readonly string[]
  readonly place: Place
}
