/** The real client on a real Postgres. */
import { clientSuite } from './suite.ts'

clientSuite('postgres')
