/** The apostrophe that the server puts before a CSV text which a spreadsheet would run as a formula. */

const GUARDED = /^'[=+@\t\r-]/

export function isGuarded(text: string): boolean {
  return GUARDED.test(text)
}

/** @example withoutGuard("'+55 11 5555") // '+55 11 5555' */
export function withoutGuard(text: string): string {
  return isGuarded(text) ? text.slice(1) : text
}
