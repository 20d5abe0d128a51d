import { serverSuite } from '../../../test/server-suite.ts'
import { postgres } from './postgres.ts'

serverSuite('postgres', postgres)
