/** The request that functions work for: of a write, or a call of one of them. */
import type { DataRequest } from '../stages/data-request.ts'

export type CallingRequest = Omit<DataRequest, 'entity' | 'itemKey'>
