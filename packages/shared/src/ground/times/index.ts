export { instantField, instantQuery, isDay, readInstant, readInstantOrDay } from './instant';
