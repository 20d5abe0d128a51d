/** A client of `/events` over a real socket: reads frames as they come. */
export interface Frame {
  readonly id?: string
  readonly event?: string
  readonly data?: string
  readonly retry?: string
  readonly comment?: true
}

export interface Stream {
  readonly status: number
  readonly headers: Headers
  /** Everything that came so far. */
  readonly frames: Frame[]
  /** The events among them. */
  events(): { readonly position: number; readonly type: string; readonly data: Record<string, unknown> }[]
  /** Until `check` holds for what came. */
  until(check: () => boolean, ms?: number): Promise<void>
  /** Resolves when the server ends it. */
  readonly ended: Promise<void>
  close(): void
}

export async function openStream(url: string, key: string, headers: Record<string, string> = {}): Promise<Stream> {
  const controller = new AbortController()
  const response = await fetch(url, { headers: { apikey: key, ...headers }, signal: controller.signal })
  const frames: Frame[] = []
  let wake = (): void => {}
  const ended = (async () => {
    let text = ''
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true })
        const parts = text.split('\n\n')
        text = parts.pop() ?? ''
        frames.push(...parts.map(readFrame))
        wake()
      }
    } catch (error) {
      if (!controller.signal.aborted) throw error
    }
    wake()
  })()
  ended.catch(() => undefined)
  return {
    status: response.status,
    headers: response.headers,
    frames,
    events: () => frames.flatMap(({ data }) => (data ? [JSON.parse(data)] : [])),
    async until(check, ms = 8000) {
      const end = Date.now() + ms
      while (!check()) {
        if (Date.now() > end) throw new Error(`not so within ${ms} ms: ${JSON.stringify(frames).slice(-500)}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    ended,
    close: () => controller.abort(),
  }
}

function readFrame(text: string): Frame {
  if (text.startsWith(':')) return { comment: true }
  return Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
}
