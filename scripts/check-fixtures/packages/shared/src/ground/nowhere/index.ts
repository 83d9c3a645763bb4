// must fail: room-without-place
import { claim } from '../../base/idempotency/index';

export const nowhere = claim;
