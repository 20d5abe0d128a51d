/** A port as an option of the command line. */
import { InvalidArgumentError } from 'commander'

/** @throws `InvalidArgumentError` of commander, which names the option. An empty text is what an empty variable gives. */
export function readPort(text: string): number {
  const number = text === '' ? 8787 : Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= 65535) return number
  throw new InvalidArgumentError('It is not a port: give a number from 0 to 65535.')
}
