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

/** A filter, order or limit for something that select does not embed. */
export function notEmbedded(alias: string): BackSaasError {
  return new BackSaasError('PGRST108', 400, `'${clip(alias)}' is not an embedded resource in this request`, {
    hint: `Verify that '${clip(alias)}' is included in the 'select' query parameter.`,
  })
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
