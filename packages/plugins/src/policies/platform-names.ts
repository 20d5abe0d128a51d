/** What the plugin knows of the platform's own schema by name. */

/** The platform's schema and the profile it is served under; no other schema may be called so. */
export const PLATFORM = 'platform'
/** Its entity that holds the tenants' policies. */
export const POLICIES = 'policies'
