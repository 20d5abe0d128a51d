/** What a person sees when the development server is ready. */
import type { DevFile } from './dev-file.ts'

export interface Surroundings {
  readonly dataFolder: string
  readonly database: 'PGlite' | 'Postgres'
  /** Whether events go over Redis, and not within this process. */
  readonly redis: boolean
}

/** The URL, the keys, and three requests to try. */
export function welcome({ url, tenants, system }: DevFile, { dataFolder, database, redis }: Surroundings): string {
  const all = [...Object.entries(tenants), ['system', system] as const]
  const [first, second] = Object.values(tenants)
  const width = Math.max(...all.map(([slug]) => slug.length))
  return [
    `BackSaaS is ready at ${url} (${database}${redis ? ', events over Redis' : ''}; keys in ${dataFolder}/dev.json). Stop with Ctrl-C.`,
    '',
    ...all.flatMap(([slug, { restUrl, apiKey }]) => [
      `  ${slug.padEnd(width)}  ${restUrl}`,
      `  ${' '.repeat(width)}  ${apiKey}`,
    ]),
    '',
    'Try:',
    ...(first === undefined ? [] : [read(first), write(first)]),
    ...(first === undefined || second === undefined ? [] : [foreign(first, second)]),
    '',
  ].join('\n')
}

type Access = DevFile['system']

function read({ restUrl, apiKey }: Access): string {
  return `  curl '${restUrl}/contacts?select=email,status,company(name)&order=email&limit=3' -H 'apikey: ${apiKey}'`
}

function write({ restUrl, apiKey }: Access): string {
  const headers = `-H 'apikey: ${apiKey}' -H 'content-type: application/json' -H 'prefer: return=representation'`
  return `  curl '${restUrl}/companies' ${headers} -d '{"name":"Initech"}'`
}

/** The other tenant's rows with this tenant's key: refused. */
function foreign(own: Access, other: Access): string {
  return `  curl -i '${other.restUrl}/companies' -H 'apikey: ${own.apiKey}'`
}
