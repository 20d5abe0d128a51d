/** The bindings of wrangler.jsonc; `wrangler types` writes them, and much more, for a project of its own. */
declare module 'cloudflare:workers' {
  export const env: { readonly HYPERDRIVE: { readonly connectionString: string } }
}
