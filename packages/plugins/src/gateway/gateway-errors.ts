/** What the gateway refuses with. */
import { BackSaasError, type ErrorCatalogue, type ErrorOptions } from '@backsaas/core'

export type GatewayErrorCode = 'RATE_LIMITED' | 'OVERLOADED' | 'ORIGIN_REFUSED' | 'GATEWAY_OPTIONS_INVALID'

export const GATEWAY_ERRORS: Readonly<Record<GatewayErrorCode, ErrorCatalogue[string]>> = Object.freeze({
  RATE_LIMITED: { status: 429, message: 'More was asked than is allowed in this time.' },
  OVERLOADED: { status: 503, message: 'There is more to do than can be done now.' },
  ORIGIN_REFUSED: { status: 403, message: 'A web page of another origin may not do this.' },
  GATEWAY_OPTIONS_INVALID: { status: 500, message: 'An option of the plugin makes no sense.' },
})

export function gatewayError(code: GatewayErrorCode, message: string, options: ErrorOptions = {}): BackSaasError {
  return new BackSaasError(code, GATEWAY_ERRORS[code].status, message, options)
}
