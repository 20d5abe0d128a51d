/** `POST /rest/v1/rpc/{kind}` of the registry: asks the migrator process for a job, and answers what it comes to. */
import {
  BackSaasError,
  type JobBase,
  type JobKind,
  type JobRequest,
  type JsonObject,
  PLATFORM_JOB_KINDS,
  PLATFORM_PLACEMENT_ID,
} from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { BuiltInFunction, FunctionAnswer, FunctionRequest } from '../functions/function-request.ts'
import { readBody } from '../http/read-body.ts'
import { readRows, runStages } from '../stages/run-stages.ts'
import { awaitJob } from './await-job.ts'
import { prepareTenantKey } from './prepare-tenant-key.ts'
import { readArguments } from './read-arguments.ts'
import { readWait } from './read-wait.ts'

/**
 * The function of a kind. The row is created through the stages like any, so that the rules of `jobs` decide who may.
 *
 * @throws of the call: `ARGUMENTS_INVALID` (422), `42501` (403), `PGRST202` (404) under another profile than `platform`; and
 *   whatever error the job ends in.
 * @example BUILT_IN_FUNCTIONS.get('publish_schema') // requestJob('publish_schema')
 */
export function requestJob(kind: JobKind): BuiltInFunction {
  return async (request) => {
    refuseElsewhere(kind, request)
    const { headers } = request.request
    const wait = readWait(headers.get('prefer'))
    const body = await readBody(request.request, request.limits.bodyBytes)
    const tenantKey = kind === 'provision_tenant' ? await prepareTenantKey() : null
    const asked = readArguments(kind, body, headers.get('content-type'), tenantKey?.prepare)
    const id = await createJob(request, asked).catch((error: unknown) => {
      throw refusedCall(kind, error)
    })
    request.observe?.({ kind: 'job', requestId: request.requestId, job: id, asked: kind })
    const shown = tenantKey?.shown(asked) ?? {}
    const place = { 'content-location': jobPath(request, id), ...applied(wait.applied) }
    const result = await awaitJob(request, id, wait.ms)
    if (result === null) return accepted(request, id, { ...place }, shown)
    return { status: result.created === true ? 201 : 200, headers: place, body: { ...result, ...shown } }
  }
}

/** Of the registry only: a tenant's own schema may have functions of any name. */
function refuseElsewhere(kind: JobKind, { open, address, profile }: FunctionRequest): void {
  if (open.placementId !== PLATFORM_PLACEMENT_ID) {
    throw runtimeError('PGRST202', `Could not find the function ${kind} in the schema cache`, {
      hint: `It is of the registry, and this is the profile ${profile}: send Content-Profile: platform.`,
    })
  }
  if (address.query === '') return
  throw new BackSaasError('PGRST100', 400, `${kind} takes no query string`, { hint: 'Give its arguments in the body.' })
}

/** Which rows of `jobs` one may create is a rule of the registry; who calls a function is told of the function. */
function refusedCall(kind: JobKind, error: unknown): unknown {
  if (!(error instanceof BackSaasError) || error.code !== '42501') return error
  const who = PLATFORM_JOB_KINDS.has(kind) ? 'the role "admin" of the tenant "system"' : 'the role "admin" of a tenant'
  return runtimeError('42501', `permission denied for function ${kind}`, { hint: `It is for ${who}.`, cause: error })
}

async function createJob(request: FunctionRequest, { kind, input }: JobRequest): Promise<string> {
  const needsBase = kind === 'publish_schema' && input.base === undefined
  const base = needsBase ? { base: await readBase(request) } : {}
  const path = `${request.basePath}/jobs`
  const reply = await runStages({
    ...request,
    request: new Request(`http://backsaas.internal${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'return=representation' },
      body: JSON.stringify({ kind, input, ...base }),
    }),
    address: { host: 'backsaas.internal', path, query: 'select=id' },
    entity: 'jobs',
    itemKey: null,
  })
  const [row] = JSON.parse(reply.body ?? '[]') as readonly { readonly id: string }[] // one row was created, by its id
  return String(row?.id)
}

const PAGE = 1000

/** What the registry holds now: whoever publishes after this has been published without knowing of this, and it of them. */
async function readBase({ connection, open, tenantId }: FunctionRequest): Promise<JobBase> {
  const base: Record<string, number> = {}
  for (let after = ''; ; ) {
    const query = `select=name,schema_versions(version.max())&order=name&limit=${PAGE}${after && `&name=gt.${after}`}`
    const rows = await readRows(connection, open, tenantId, 'schemas', query)
    for (const { name, schema_versions: versions } of rows) base[String(name)] = newestOf(versions)
    after = String(rows.at(-1)?.name)
    if (rows.length < PAGE) return base
  }
}

function newestOf(versions: unknown): number {
  const [row] = versions as readonly { readonly max: number | null }[] // as the query selects it
  return row?.max ?? 0
}

function accepted(
  request: FunctionRequest,
  id: string,
  place: Readonly<Record<string, string>>,
  shown: JsonObject,
): FunctionAnswer {
  const headers = { ...place, location: jobPath(request, id), 'retry-after': '1' }
  return { status: 202, headers, body: { job: id, status: 'queued', ...shown } }
}

function jobPath({ basePath }: FunctionRequest, id: string): string {
  return `${basePath}/jobs/${id}`
}

function applied(words: readonly string[]): Readonly<Record<string, string>> {
  return words.length === 0 ? {} : { 'preference-applied': words.join(', ') }
}
