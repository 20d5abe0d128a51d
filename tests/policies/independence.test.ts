/** The oracle is worth something because it shares nothing with what it judges. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const FOLDER = new URL('.', import.meta.url)

/** All files that one leads to. */
async function reach(
  file: string,
  seen = new Map<string, readonly string[]>(),
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (seen.has(file)) return seen
  const text = await readFile(new URL(file, FOLDER), 'utf8')
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier]) => specifier ?? '')
  seen.set(file, specifiers)
  for (const specifier of specifiers) if (specifier.startsWith('./')) await reach(specifier.slice(2), seen)
  return seen
}

test.each(['oracle.ts', 'random-rules.ts', 'random-steps.ts', 'compare.ts', 'rules.ts'])(
  '%s imports nothing of the product, and no library',
  async (file) => {
    const reached = await reach(file)
    expect(reached.size).toBeGreaterThan(1)
    for (const [path, specifiers] of reached) {
      for (const specifier of specifiers) expect(specifier, path).toMatch(/^\.\/[a-z-]+\.ts$/)
    }
  },
)

test('the test itself does meet the product', async () => {
  const specifiers = [...(await reach('policies.postgres.test.ts')).values()].flat()
  expect(specifiers).toContain('@backsaas/migrator')
})
