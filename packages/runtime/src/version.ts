/** Which release of BackSaaS this is: what `package.json` says, which a bundle does not have. A test compares them. */
export const VERSION = '0.1.0'
