/** A call of a curated function over rpc: who may, with what, and its answer as JSON. */
import {
  BackSaasError,
  type CallContext,
  type FieldProblem,
  type FunctionDefinition,
  type FunctionProblem,
  type FunctionRow,
  type Json,
  type JsonObject,
  type OutgoingEvent,
} from '@backsaas/core'
import { effectiveRoles } from '../access/holds-admin.ts'
import { checkNesting } from '../dialect/nesting.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import { failed, withinTime } from '../hooks/call-function.ts'
import { functionsOf } from '../hooks/function-host.ts'
import { readBody } from '../http/read-body.ts'
import type { BuiltInFunction, FunctionRequest } from './function-request.ts'

const ADMIN = 'admin'

/**
 * The arguments are the function's parameters, and `input` for what it works on: a value, or for a hook a row.
 *
 * @throws `42501` (403; `AUTH_REQUIRED`, 401) where the schema lets nobody with the caller's roles call it; `PGRST102` (400,
 *   415) for what is no object of JSON; `FUNCTION_ARGUMENTS` (422), `errors` with a pointer to each; what the function refuses.
 * @example callCurated(slug) // answers `{ "input": "Hello World" }` with "hello-world"
 */
export function callCurated(definition: FunctionDefinition): BuiltInFunction {
  return async (request) => {
    authorizeCall(definition, request)
    const { input, params } = await readArguments(definition, request)
    const outgoing: OutgoingEvent[] = []
    const { host, means, room } = functionsOf(request)
    const own = await means.settingsFor(host, [definition])
    const use = { definition, field: null, entity: null, action: 'call', own, outgoing } as const
    const context = means.createCallContext(host, use)
    const about = { name: definition.name, entity: '', moment: 'call', rows: 1, startedMs: performance.now() } as const
    try {
      const call = (): Promise<Json | undefined> =>
        withinTime(
          definition.name,
          context,
          Promise.resolve().then(() => run(definition, context, input, params)),
        )
      const body = await room.run(request.tenantId, call)
      await means.sendEvents(host, outgoing)
      means.sampleCall(host, about)
      return { status: 200, body: body ?? null }
    } catch (error) {
      means.sampleCall(host, { ...about, error })
      throw failed(definition.name, error)
    }
  }
}

function run(
  definition: FunctionDefinition,
  context: CallContext,
  input: Json,
  params: Json,
): Json | undefined | Promise<Json | undefined> {
  if (definition.kind === 'hook') {
    // That it is an object was checked with the arguments.
    context.row = input as FunctionRow
    return definition.run(context, context.row, params)
  }
  if (definition.kind === 'validate') return judge(definition.run(context, input, params))
  return definition.run(context, input, params)
}

async function judge(found: FunctionProblem | null | Promise<FunctionProblem | null>): Promise<Json> {
  const problem = await found
  return problem ? { valid: false, code: problem.code, detail: problem.detail } : { valid: true }
}

function authorizeCall({ name }: FunctionDefinition, { principal, open }: FunctionRequest): void {
  const { functions = {} } = open.compiled
  const roles = (Object.hasOwn(functions, name) ? functions[name]?.roles : undefined) ?? []
  const held = effectiveRoles(principal.roles, open.compiled)
  if (held.has(ADMIN) || roles.some((role) => held.has(role))) return
  const hint = `The schema's \`functions:\` names the roles that may; without that the role "${ADMIN}" alone may.`
  const message = `permission denied for function ${name}`
  if (principal.kind !== 'anonymous') throw runtimeError('42501', message, { hint })
  throw runtimeError('AUTH_REQUIRED', message, {
    hint,
    headers: { 'www-authenticate': 'Bearer realm="backsaas"' },
  })
}

interface Arguments {
  readonly input: Json
  readonly params: Json
}

async function readArguments(definition: FunctionDefinition, request: FunctionRequest): Promise<Arguments> {
  const type = request.request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type !== '' && type !== 'application/json')
    throw new BackSaasError('PGRST102', 415, `Content-Type not acceptable: ${type.slice(0, 100)}`, {
      hint: 'Send application/json.',
    })
  const { input = null, ...params } = parseObject(await readBody(request.request, request.limits.bodyBytes))
  const checked = await definition.params['~standard'].validate(params)
  const problems: FieldProblem[] = (checked.issues ?? []).map(({ path = [], message }) => {
    const steps = path.map((step) => (typeof step === 'object' ? step.key : step))
    return {
      pointer: steps.map((step) => `/${String(step).slice(0, 100)}`).join(''),
      code: 'argument',
      detail: message,
    }
  })
  problems.push(...inputProblems(definition, input))
  if (problems.length > 0 || checked.issues)
    throw runtimeError('FUNCTION_ARGUMENTS', `the arguments of ${definition.name} are not as they must be`, {
      errors: problems.slice(0, 100),
      hint: 'See the page of the function in docs/functions.',
    })
  // The output of a function's shape is JSON.
  return { input, params: checked.value as Json }
}

function inputProblems({ kind }: FunctionDefinition, input: Json): readonly FieldProblem[] {
  const problem = (detail: string): FieldProblem[] => [{ pointer: '/input', code: 'argument', detail }]
  if (kind === 'hook')
    return typeof input === 'object' && input !== null && !Array.isArray(input) ? [] : problem('must be a row')
  return kind === 'compute' || input !== null ? [] : problem('is what it works on, and is missing')
}

function parseObject(body: string): JsonObject {
  checkNesting(body)
  let parsed: unknown
  try {
    parsed = body.trim() === '' ? {} : JSON.parse(body)
  } catch (cause) {
    throw new BackSaasError('PGRST102', 400, 'Empty or invalid json', { details: 'the body is not valid JSON', cause })
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject // as JSON.parse makes them
  throw new BackSaasError('PGRST102', 400, 'the body must be a JSON object of arguments')
}
