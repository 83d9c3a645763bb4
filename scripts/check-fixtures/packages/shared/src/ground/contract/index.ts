// must fail: no-cycles
// must fail: room-order-contract
import { amount } from '../money/index';

export const contractOf = (): bigint => amount;
