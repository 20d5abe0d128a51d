/** The runtime's health, for its container: exit code 0 where it serves. */
const url = `http://127.0.0.1:${process.env.PORT || 8787}/healthz`
const healthy = await fetch(url, { signal: AbortSignal.timeout(4000) }).then(
  (response) => response.ok,
  () => false,
)
process.exit(healthy ? 0 : 1)
