/** The bindings of wrangler.jsonc; `wrangler types` writes them, and much more, for a project of its own. */
declare module 'cloudflare:workers' {
  interface Bindings {
    readonly HYPERDRIVE: { readonly connectionString: string }
  }
  export const env: Bindings
}
