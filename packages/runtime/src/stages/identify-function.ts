/** A developer's own way to name the caller; apart from the stage, so that public types do not lead into the inside. */
import type { Identity } from '@backsaas/core'
import type { Context } from 'hono'

/** @example const identify: IdentifyFunction = (c) => ({ tenant: 'acme', id: c.get('user').id, roles: ['admin'] }) */
export type IdentifyFunction = (context: Context) => Identity | null | Promise<Identity | null>
