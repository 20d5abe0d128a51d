/** Whatever text is given for an expression: it compiles, or is refused with its place, and quickly. */
import { compileExpression, ExpressionProblem } from '@backsaas/core/cel'
import { mayRaise } from '@backsaas/core/expression'
import { expect, test } from 'vitest'
import { AUTHORED } from './authored-expressions.ts'
import { createRandom, type Random } from './random.ts'
import { randomExpression, WANTED } from './random-expressions.ts'
import { ENTITIES } from './sample-schema.ts'

const SEED = Number(process.env.BACKSAAS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const SOURCES = 10_000
const WITHIN_MS = 10
const USES = ['row_rule', 'check', 'computed', 'stored', 'default', 'condition', 'cohort'] as const
const PIECES = [
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '.',
    ',',
    '?',
    ':',
    '!',
    '-',
    '+',
    '*',
    '/',
    '%',
    '&&',
    '||',
    '==',
    '!=',
    '<',
    '>=',
    ' in ',
  ],
  ..."'a'|\"b\"|'''c'''|r'\\d'|b'x'|'\\u00e9'|'\\|\\|'|\"|'''|`|@|#|$|;|\u0000|\ud800|😀|\u2028|é|\n|\t|//|/*|0x1F|1u|1.|.5|1e5|1e999".split(
    '|',
  ),
  ...[
    'self',
    'current_user',
    'tenant',
    'input',
    'name',
    'tags',
    'meta',
    'parent',
    'children',
    'null',
    'true',
    '1',
    '-1',
  ],
  ...[
    'exists(x, ',
    'all(x, ',
    'map(x, ',
    'has(',
    'size(',
    'math.',
    'now()',
    'int(',
    'matches(',
    '__proto__',
    'constructor',
  ],
] as const

function mangled(random: Random): string {
  const source = random.chance(0.5) ? random.pick(AUTHORED) : randomExpression(random, random.pick(WANTED), 3)
  let text = source
  for (let edits = random.below(4); edits > 0; edits--) {
    const at = random.below(text.length + 1)
    const end = random.chance(0.5) ? at : Math.min(text.length, at + 1 + random.below(8))
    const piece = random.chance(0.7) ? random.pick(PIECES) : text.slice(random.below(text.length + 1)).slice(0, 10)
    text = text.slice(0, at) + piece + text.slice(end)
  }
  return text
}

function soup(random: Random): string {
  return Array.from({ length: 1 + random.below(random.chance(0.1) ? 400 : 20) }, () => random.pick(PIECES)).join(
    random.chance(0.5) ? '' : ' ',
  )
}

test(`${SOURCES} mangled expressions compile or are refused (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const slow: string[] = []
  let [compiled, refused] = [0, 0]
  for (let count = 0; count < SOURCES; count++) {
    const source = random.chance(0.7) ? mangled(random) : soup(random)
    const use = random.chance(0.5) ? 'check' : random.pick(USES)
    const start = performance.now()
    if (compiles(source, use)) compiled++
    else refused++
    // The first ones find the code cold, and a machine may be at something else: only what stays slow is.
    const isSlow = (from: number): boolean => performance.now() - from > WITHIN_MS
    if (
      count > 200 &&
      isSlow(start) &&
      Array.from({ length: 10 }).every(() => isSlow(timed(() => compiles(source, use))))
    )
      slow.push(source)
  }
  expect(slow).toEqual([])
  expect(compiled).toBeGreaterThan(SOURCES / 50)
  expect(refused).toBeGreaterThan(SOURCES / 2)
})

function timed(run: () => unknown): number {
  const start = performance.now()
  run()
  return start
}

function compiles(source: string, use: (typeof USES)[number]): boolean {
  try {
    const { tree } = compileExpression(source, { entities: ENTITIES, entity: use === 'default' ? null : 'items', use })
    expect(mayRaise(tree)).toBeTypeOf('boolean')
    return true
  } catch (error) {
    if (!(error instanceof ExpressionProblem))
      throw new Error(`seed ${SEED}: ${JSON.stringify(source)}`, { cause: error })
    const lines = source.split(/\r\n|\r|\n/)
    const isPlaced = error.offset >= 0 && error.offset <= source.length && error.line >= 1 && error.line <= lines.length
    if (!isPlaced || error.column < 1 || error.message === '') {
      throw new Error(`seed ${SEED}: ${JSON.stringify(source)} has no place`, { cause: error })
    }
    return false
  }
}
