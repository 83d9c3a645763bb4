export { instantField, instantQuery, isDay, readInstant, readInstantOrDay } from './instant';
export { DAY_MS, HOUR_MS } from './spans';
