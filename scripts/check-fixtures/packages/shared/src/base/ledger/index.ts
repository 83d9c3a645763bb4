// must fail: stranger-ledger
// must fail: no-restricted-syntax: Take a Clock
import { claim } from '../idempotency/index';

export const at = (): number => Date.now() + new Date().getTime() + claim;
