/** The real client on the embedded database. */
import { clientSuite } from './suite.ts'

clientSuite('pglite')
