/** What the security suites are lent. */
import type { Statement } from '@backsaas/core'
import type { Fixture } from '../fixture/start-fixture.ts'

/** The fixture, and the statements that the runtime sent so far. */
export type Watched = () => Fixture & { readonly statements: readonly Statement[] }
