// must fail: gateway-knows-no-product
// must fail: gateway-rooms
import { at } from '../../packages/shared/src/base/ledger/index';
import { plan } from '../../services/vps/src/plan';

export const app = [at, plan];
