/**
 * Stands in for what compiles in workerd, whose bundles hold neither Casbin nor the parser of expressions. It imports nothing:
 * what a dynamic import leads to, a bundle of one file keeps whole.
 */
export const compileDecisions = null
export const checkPolicyWrite = null
