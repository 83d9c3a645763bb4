// What every API method receives.

import type { Faults } from '../faults';
import type { Params } from '../params';
import type { Store } from '../store';

export interface MethodContext {
  store: Store;
  faults: Faults;
  now: () => Date;
  publicUrl: () => string;
}

export type Method = (context: MethodContext, params: Params) => unknown;
