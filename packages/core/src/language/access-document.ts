/** The rules of an entity as their author wrote them, once their shape is known to be right. */
import type { Action } from '../contracts/action.ts'

export const ACTIONS: readonly Action[] = ['read', 'create', 'update', 'delete']

/** By role. */
export type AccessDocument = Record<string, RoleRulesDocument>

export type RoleRulesDocument = { [A in Action]?: boolean | RuleDocument } & {
  deny?: { [A in Action]?: true | DenyRuleDocument }
}

export interface RuleDocument {
  where?: string
  fields?: string[]
  except?: string[]
  check?: string
}

export interface DenyRuleDocument {
  where?: string
  fields?: string[]
}
