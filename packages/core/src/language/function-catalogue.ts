/** The functions that a document may name, and what is told to who names one that is not there. */
import type { FunctionDefinition } from '../contracts/function.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'
import type { ProblemList } from './problem-list.ts'

export interface FunctionCatalogue {
  /** Null where there is none of the name, which then is among the problems. */
  find(name: string, path: Path, at: 'key' | 'value'): FunctionDefinition | null
}

export function createCatalogue(functions: readonly FunctionDefinition[], problems: ProblemList): FunctionCatalogue {
  const byName = new Map(functions.map((definition) => [definition.name, definition]))
  return {
    find(name, path, at) {
      const found = byName.get(name)
      if (found) return found
      const message = `there is no function \`${name.slice(0, 100)}\``
      problems.report({ path, at, code: 'UNKNOWN_FUNCTION', message, hint: () => hintFor(name, [...byName.keys()]) })
      return null
    },
  }
}

function hintFor(name: string, names: readonly string[]): string {
  if (names.length === 0) return 'no functions were given to the compiler: give them as its option `functions`'
  const near = didYouMean(name, names)
  if (near) return near
  const group = names.filter((one) => one.startsWith(`${name.split('.')[0]}.`))
  return `there are ${(group.length > 0 ? group : names).slice(0, 12).join(', ')}`
}
