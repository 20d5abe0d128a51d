/** A pattern as the program of a non-deterministic automaton, after Thompson: small, and without anything to go back to. */
import { type Assertion, type PatternTree, parsePattern } from './parse-pattern.ts'

export type Instruction =
  /** Goes on at both. */
  | { readonly kind: 'either'; readonly next: number; readonly other: number }
  /** Takes one character, where it is in the set. */
  | { readonly kind: 'take'; readonly set: number; readonly next: number }
  | { readonly kind: 'assert'; readonly assertion: Assertion; readonly next: number }
  | { readonly kind: 'match' }

export interface PatternProgram {
  readonly instructions: readonly Instruction[]
  readonly start: number
  /** What characters are told apart by: regular expressions, each of one character. */
  readonly sets: readonly string[]
}

/**
 * The program of a pattern that has been published.
 *
 * @example compilePattern('a|b').instructions.length // 4: match, take, take, either
 */
export function compilePattern(pattern: string): PatternProgram {
  const instructions: Instruction[] = []
  const sets: string[] = []
  const emit = (instruction: Instruction): number => instructions.push(instruction) - 1

  /** Emits what matches `tree` and then goes on at `next`; its first instruction. */
  function emitTree(tree: PatternTree, next: number): number {
    switch (tree.kind) {
      case 'set':
        return emit({ kind: 'take', set: setIndex(tree.set), next })
      case 'assertion':
        return emit({ kind: 'assert', assertion: tree.assertion, next })
      case 'sequence':
        return tree.parts.reduceRight((after, part) => emitTree(part, after), next)
      case 'choice':
        return tree.options
          .map((option) => emitTree(option, next))
          .reduceRight((other, option) => emit({ kind: 'either', next: option, other }))
      case 'repeat':
        return emitRepeat(tree, next)
    }
  }

  /** `a{2,4}` is `aa(a(a)?)?`, and `a{2,}` is `aaa*`. */
  function emitRepeat({ part, min, max }: PatternTree & { readonly kind: 'repeat' }, next: number): number {
    let first = next
    if (max === Infinity) {
      first = emit({ kind: 'match' }) // its place; replaced when the part that leads back here is there
      instructions[first] = { kind: 'either', next: emitTree(part, first), other: next }
    }
    for (let left = min; left < max && max !== Infinity; left++)
      first = emit({ kind: 'either', next: emitTree(part, first), other: next })
    for (let left = 0; left < min; left++) first = emitTree(part, first)
    return first
  }

  function setIndex(set: string): number {
    const index = sets.indexOf(set)
    return index < 0 ? sets.push(set) - 1 : index
  }

  const end = emit({ kind: 'match' })
  return { start: emitTree(parsePattern(pattern), end), instructions, sets }
}

/** About the number of instructions that a pattern compiles to, without compiling it. */
export function patternSize(pattern: string): number {
  return treeSize(parsePattern(pattern))
}

function treeSize(tree: PatternTree): number {
  switch (tree.kind) {
    case 'sequence':
      return tree.parts.reduce((sum, part) => sum + treeSize(part), 0)
    case 'choice':
      return tree.options.reduce((sum, option) => sum + treeSize(option) + 1, 0)
    case 'repeat':
      return tree.max === Infinity
        ? treeSize(tree.part) * (tree.min + 1) + 1
        : treeSize(tree.part) * tree.max + tree.max - tree.min
    default:
      return 1
  }
}
