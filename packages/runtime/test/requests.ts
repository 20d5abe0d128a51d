/** What the shell's tests ask, and a data stage that answers what it was given. */
import { expect } from 'vitest'
import type { DataRequest } from '../src/stages/data-request.ts'

export function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Request {
  return new Request(`http://localhost:8787${path}`, { method, headers })
}

/** The body of an error, which must be one. */
export async function problem(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  return (await response.json()) as Record<string, unknown>
}

/** Stands where the stages would run. */
export async function echo(request: DataRequest): Promise<Response> {
  const headers = { 'x-profile': request.profile }
  const told = {
    tenant: request.tenantId,
    caller: request.principal.id,
    kind: request.principal.kind,
    roles: request.principal.roles,
    entity: request.entity,
    key: request.itemKey,
    basePath: request.basePath,
    schema: request.schema.compiled.name,
    version: request.schema.version,
  }
  return Response.json(told, { headers })
}
