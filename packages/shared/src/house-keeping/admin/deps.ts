// The dependencies of the admin endpoints.
import type { KeyRings } from '../../base/keys';
import type { Service } from '../process';

export type AdminDeps = Pick<Service, 'product' | 'config' | 'admin' | 'clock' | 'cursors'>;

export const ADMIN_TAG = 'Admin';

export function ringsOf(deps: AdminDeps): KeyRings {
  return { peppers: deps.config.KEY_PEPPERS, secrets: deps.config.SECRET_RING, clock: deps.clock };
}
