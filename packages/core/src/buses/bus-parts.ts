/** What bus adapters are made of. */
export {
  closedError,
  createDelivery,
  type Delivery,
  type DeliveryOptions,
  type OnBusError,
  reportBusError,
} from './delivery.ts'
export { checkEvent, MAX_EVENT_BYTES, readEvent } from './read-event.ts'
export { createSequence, type Sequence } from './sequence.ts'
