export { MINUTE_MS, MONEY_PER_MINUTE, REGULAR_PER_MINUTE, type Limit, type LimitResult, type LimitStore } from './limit-store';
