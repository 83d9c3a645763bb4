export {
  EVENT_TYPES,
  eventTypesLike,
  eventTypesOf,
  faultOf,
  isEventType,
  productIn,
  specOf,
  type EventData,
  type EventDraft,
  type EventType,
  type NounOf,
} from './catalogue';
export { SERVER_ACTION_EVENTS } from './server-events';
