/** The variables of wrangler.jsonc, beside the bindings that the other example has too. */
declare module 'cloudflare:workers' {
  interface Bindings {
    /** JSON: a list of `IssuerOptions`. */
    readonly ISSUERS: string
  }
}
