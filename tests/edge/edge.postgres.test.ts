/** The HTTP suite of the data API, answered by the example worker in workerd. */
import { expect } from 'vitest'
import { startFixture } from '../fixture/start-fixture.ts'
import { httpSuite } from '../http/suite.ts'
import { startWorker } from './start-worker.ts'

httpSuite('in workerd', () => startFixture({ database: 'postgres', serve: startWorker }))
