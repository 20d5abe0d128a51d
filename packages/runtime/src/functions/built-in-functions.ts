/** The functions that every runtime has, by the name that `POST /rest/v1/rpc/{name}` calls them by. */
import { explainAccess } from '../explain/explain-access.ts'
import type { BuiltInFunction } from './function-request.ts'

export const BUILT_IN_FUNCTIONS: ReadonlyMap<string, BuiltInFunction> = new Map([['explain_access', explainAccess]])
