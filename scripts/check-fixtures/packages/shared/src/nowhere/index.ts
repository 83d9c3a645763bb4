// must fail: room-without-place
import { claim } from '../idempotency/index';

export const nowhere = claim;
