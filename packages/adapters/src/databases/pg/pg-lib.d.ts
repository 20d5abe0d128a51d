/** What node-postgres exports besides its main module and has no types for. */
declare module 'pg/lib/client' {
  const Client: typeof import('pg').Client
  export = Client
}
