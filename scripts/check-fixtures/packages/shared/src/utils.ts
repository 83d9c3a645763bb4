// must fail: lumi/forbidden-name
// must fail: shared-knows-nobody
// must fail: resolvable
import { buy } from '../../../services/domains/src/endpoints/buy';
import { missing } from './not-there';

export const both = [buy, missing];
