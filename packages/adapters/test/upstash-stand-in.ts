/** The part of Upstash's REST API that the bus uses, in front of a Redis: https://upstash.com/docs/redis/features/restapi */
import { Redis } from 'ioredis'

export const UPSTASH_TOKEN = 'stand-in-token'

/** What is read of a request: Node's, or one of workerd's. */
interface Asked {
  readonly url: string
  readonly headers: { get(name: string): string | null }
  json(): Promise<unknown>
}

type Command = readonly [string, ...(string | number)[]]
type Answer = { readonly result: unknown } | { readonly error: string }

/**
 * Answers one request; it connects for that alone, so that nothing has to be closed.
 *
 * @example const response = await answerAsUpstash('redis://127.0.0.1:6379', request)
 */
export async function answerAsUpstash(redisUrl: string, request: Asked): Promise<Response> {
  if (request.headers.get('authorization') !== `Bearer ${UPSTASH_TOKEN}`) {
    return Response.json({ error: 'WRONGPASS invalid or missing auth token' }, { status: 401 })
  }
  const encode = request.headers.get('upstash-encoding') === 'base64' ? inBase64 : (value: unknown) => value
  const redis = new Redis(redisUrl, { protocol: 2 })
  try {
    const body = await request.json()
    if (new URL(request.url).pathname === '/pipeline') {
      const answers: unknown[] = []
      for (const command of body as Command[]) answers.push(encoded(await run(redis, command), encode))
      return Response.json(answers)
    }
    const answer = await run(redis, body as Command)
    return Response.json(encoded(answer, encode), { status: 'error' in answer ? 400 : 200 })
  } finally {
    redis.disconnect()
  }
}

async function run(redis: Redis, [name, ...args]: Command): Promise<Answer> {
  try {
    return { result: await redis.call(name, ...args) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function encoded(answer: Answer, encode: (value: unknown) => unknown): unknown {
  return 'result' in answer ? { result: encode(answer.result) } : answer
}

/** Every text but `OK`, at any depth, as Upstash does. */
function inBase64(value: unknown): unknown {
  if (typeof value === 'string') return value === 'OK' ? value : Buffer.from(value).toString('base64')
  return Array.isArray(value) ? value.map(inBase64) : value
}
