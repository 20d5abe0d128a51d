/** How long a token that is known takes, and one that is not: in the thread that does it, without a server. */
import { type IdentifyContext, invariant } from '@backsaas/core'
import { auth } from '@backsaas/plugins/auth'
import { median } from '../report.ts'
import { createTokens } from './tokens.ts'

export interface Verification {
  readonly warmUs: number
  readonly coldUs: number
}

const RUNS = 200_000
const COLD_RUNS = 200

/** Medians of five. */
export async function measureVerification(): Promise<Verification> {
  const { issuer, token } = await createTokens('ignore')
  const request = new Request('http://bench.test/rest/v1/contacts', { headers: { authorization: `Bearer ${token}` } })
  const nobody = (): never => {
    throw new Error('a token that says all asks for no rows')
  }
  const context = {
    scope: { now: Date.now, waitUntil: () => {} },
    namedTenant: nobody,
    tenant: nobody,
    registryRows: nobody,
  }
  const identify = () => {
    const { stages } = auth({ issuers: [issuer], providers: false })
    invariant(stages?.identify, 'the plugin identifies')
    return stages.identify
  }
  const ask = (known: ReturnType<typeof identify>) => known(request, context as object as IdentifyContext)
  const known = identify()
  const { kind } = (await ask(known)) ?? {}
  invariant(kind === 'user', 'the token is one of the issuer')
  const warm = await medianOfFive(RUNS, () => ask(known))
  // A plugin that has seen nothing yet checks the signature.
  const fresh = Array.from({ length: COLD_RUNS }, identify)
  let next = 0
  const cold = await medianOfFive(COLD_RUNS / 5, () => ask(fresh[next++] ?? known))
  return { warmUs: warm, coldUs: cold }
}

/** Microseconds each. */
async function medianOfFive(runs: number, work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const from = performance.now()
    for (let run = 0; run < runs; run++) await work()
    times.push(((performance.now() - from) * 1000) / runs)
  }
  return median(times)
}
