/** Whether a text matches a pattern, in time linear in the text whatever the pattern: an automaton, made deterministic as it runs. */
import { type CharacterClass, characterClasses } from './character-classes.ts'
import { compilePattern, type PatternProgram } from './pattern-program.ts'

/** What is remembered between texts, in numbers: some hundred KiB. */
const MEMORY_MAX = 20_000

/** Where all ways through the program stand between two characters. */
interface State {
  readonly places: readonly number[]
  readonly before: 'start' | 'word' | 'other'
  /** By the index of the class of the character that follows. */
  readonly next: (State | undefined)[]
}

const MATCHED: State = { places: [], before: 'start', next: [] }

/**
 * Makes the test of a pattern that has been published. It matches anywhere in the text unless it is anchored.
 *
 * @returns a function whose time is at worst (length of the text) × (size of the pattern), and whose memory is bounded.
 * @example patternMatcher('^(a+)+$')(`${'a'.repeat(1000)}!`) // false, at once
 */
export function patternMatcher(pattern: string): (text: string) => boolean {
  const program = compilePattern(pattern)
  const classes = characterClasses(program.sets)
  const placesAfter = stepper(program)
  let states = new Map<string, State>()
  let initial: State = { places: [], before: 'start', next: [] }
  let memory = 0

  function step(state: State, input: CharacterClass): State {
    const places = placesAfter(state, input)
    const to = places === null ? MATCHED : remember(places, input.kind === 'word' ? 'word' : 'other')
    if (memory < MEMORY_MAX) {
      memory += Math.max(0, input.index + 1 - state.next.length)
      state.next[input.index] = to
    }
    return to
  }

  /** One state for all ways to the same places. Where memory is full, a state that is forgotten at once. */
  function remember(places: readonly number[], before: State['before']): State {
    if (memory >= MEMORY_MAX) return { places, before, next: [] }
    const key = `${before} ${[...places].sort((a, b) => a - b).join()}`
    const known = states.get(key)
    if (known) return known
    const state: State = { places, before, next: [] }
    states.set(key, state)
    memory += places.length + 1
    return state
  }

  return (text) => {
    if (memory >= MEMORY_MAX) {
      states = new Map()
      initial = { ...initial, next: [] }
      memory = 0
    }
    let state = initial
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at) as number // within the text
      if (code > 0xffff) at++
      const input = classes.of(code)
      state = state.next[input.index] ?? step(state, input)
      if (state === MATCHED) return true
    }
    return (state.next[classes.end.index] ?? step(state, classes.end)) === MATCHED
  }
}

/** One step of all ways at once, and of the one that begins here; null where one of them has matched before the step. */
function stepper({ instructions, start }: PatternProgram): (from: State, input: CharacterClass) => number[] | null {
  // The round in which a place was last visited, or gone to: neither happens twice in one.
  const visited = new Float64Array(instructions.length)
  const taken = new Float64Array(instructions.length)
  const open: number[] = []
  let round = 0

  return ({ places, before }, { inSets, kind }) => {
    round++
    const boundary = (before === 'word') !== (kind === 'word')
    const holds = { '^': before === 'start', $: kind === 'end', '\\b': boundary, '\\B': !boundary }
    const next: number[] = []
    open.length = 0
    open.push(start, ...places)
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const instruction = instructions[place]
      if (instruction === undefined || visited[place] === round) continue
      visited[place] = round
      if (instruction.kind === 'match') return null
      if (instruction.kind === 'either') open.push(instruction.next, instruction.other)
      else if (instruction.kind === 'assert') {
        if (holds[instruction.assertion]) open.push(instruction.next)
      } else if (inSets[instruction.set] === 1 && taken[instruction.next] !== round) {
        taken[instruction.next] = round
        next.push(instruction.next)
      }
    }
    return next
  }
}
