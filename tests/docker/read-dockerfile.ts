/** What a Dockerfile says, stage by stage. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DockerfileParser } from 'dockerfile-ast'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface Stage {
  readonly name: string
  /** Another stage or an image. */
  readonly from: string
  readonly instructions: readonly StageInstruction[]
}

export interface StageInstruction {
  readonly keyword: string
  /** All after the keyword, as one text. */
  readonly text: string
  /** The words of the exec form; null in the shell form. */
  readonly words: readonly string[] | null
}

/** @param path from the repository's folder. */
export function readStages(path: string): Stage[] {
  const stages: { name: string; from: string; instructions: StageInstruction[] }[] = []
  for (const instruction of DockerfileParser.parse(readFileSync(join(root, path), 'utf8')).getInstructions()) {
    const whole = instruction.getTextContent().replaceAll(/\\\n\s*/g, '')
    const text = whole.slice(instruction.getInstruction().length).trim()
    if (instruction.getKeyword() === 'FROM') {
      const [from = '', , name = ''] = text.split(/\s+/)
      stages.push({ name, from, instructions: [] })
    } else stages.at(-1)?.instructions.push({ keyword: instruction.getKeyword(), text, words: wordsOf(text) })
  }
  return stages
}

/** The instructions that hold for a stage: its own and those of what it is built on, nearest last. */
export function inherited(stages: readonly Stage[], name: string): readonly StageInstruction[] {
  const stage = stages.find((one) => one.name === name)
  return stage ? [...inherited(stages, stage.from), ...stage.instructions] : []
}

/** The last instruction of a kind, which is the one that holds. */
export function last(instructions: readonly StageInstruction[], keyword: string): StageInstruction | undefined {
  return instructions.filter((one) => one.keyword === keyword).at(-1)
}

/** Also behind the options of `HEALTHCHECK`. */
function wordsOf(text: string): readonly string[] | null {
  const at = /^(?:--\S+ )*(?:CMD )?\[/.exec(text)
  return at ? (JSON.parse(text.slice(at[0].length - 1)) as string[]) : null // Docker takes nothing but strings there
}
