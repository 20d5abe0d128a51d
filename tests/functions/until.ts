/** Waits for what another part of the product does in its own time. */

/** @throws where it does not come to be within `ms`. */
export async function until<T>(ask: () => T | false | Promise<T | false>, ms = 10_000): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    const found = await ask()
    if (found) return found
    if (Date.now() > end) throw new Error(`it has not come to be within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
