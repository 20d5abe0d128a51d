/** The dialect's own errors, with PostgREST's codes and statuses. https://docs.postgrest.org/en/v13/references/errors.html */
import { BackSaasError } from '@backsaas/core'

/** A query string, header or body that cannot be read. `column` is 1-based. */
export function parseError(what: string, text: string, column: number, expected: string): BackSaasError {
  const found = column > text.length ? 'unexpected end of input' : `unexpected ${JSON.stringify(text[column - 1])}`
  return new BackSaasError('PGRST100', 400, `"failed to parse ${what} (${clip(text)})" (line 1, column ${column})`, {
    details: `${found} expecting ${expected}`,
  })
}

export function unknownColumn(entity: string, column: string, nearest: string | null): BackSaasError {
  return new BackSaasError('42703', 400, `column ${entity}.${clip(column)} does not exist`, {
    hint: nearest ? `Perhaps you meant "${entity}.${nearest}".` : null,
  })
}

export function unknownEntity(schema: string, entity: string, nearest: string | null): BackSaasError {
  return new BackSaasError(
    'PGRST205',
    404,
    `Could not find the table '${schema}.${clip(entity)}' in the schema cache`,
    {
      hint: nearest ? `Perhaps you meant the table '${schema}.${nearest}'` : null,
    },
  )
}

export function noSuchRow(entity: string): BackSaasError {
  return new BackSaasError('PGRST116', 404, `${entity} has no such row`, { details: 'The result contains 0 rows' })
}

export function notSatisfiable(details: string): BackSaasError {
  return new BackSaasError('PGRST103', 416, 'Requested range not satisfiable', { details })
}

/** A filter, order or limit for something that select does not embed. */
export function notEmbedded(alias: string): BackSaasError {
  return new BackSaasError('PGRST108', 400, `'${clip(alias)}' is not an embedded resource in this request`, {
    hint: `Verify that '${clip(alias)}' is included in the 'select' query parameter.`,
  })
}

/** An embed can be filtered by whether it is there, nothing else. */
export function badEmbedOperator(alias: string): BackSaasError {
  return new BackSaasError('PGRST120', 400, `Bad operator on the '${clip(alias)}' embedded resource`, {
    details: 'Only is null or not is null filters are allowed on embedded resources',
    hint: `Filter its fields: ${clip(alias)}.field=eq.value.`,
  })
}

/** The rows of a to-many embed give no one value to order by. */
export function badRelatedOrder(entity: string, alias: string): BackSaasError {
  return new BackSaasError('PGRST118', 400, `A related order on '${clip(alias)}' is not possible`, {
    details: `'${entity}' and '${clip(alias)}' do not form a many-to-one or one-to-one relationship`,
    hint: `Order the embedded rows themselves: ${clip(alias)}.order=field.`,
  })
}

/** PostgREST's own code for what it has not built either. */
export function notImplemented(details: string): BackSaasError {
  return new BackSaasError('PGRST127', 400, 'Feature not implemented', { details })
}

/** A feature that is known and not there: says so, and never answers wrongly. */
export function notSupported(what: string, hint: string | null = null): BackSaasError {
  return new BackSaasError('NOT_SUPPORTED', 400, `${what} is not supported`, { hint })
}

export function overLimit(what: string, limit: number): BackSaasError {
  return new BackSaasError('LIMIT_EXCEEDED', 400, `the request has more than ${limit} ${what}`, {
    hint: 'Split it into several requests; limits are configurable where the runtime is created.',
  })
}

/** Errors repeat what the caller sent, but not all of a large thing. */
function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
