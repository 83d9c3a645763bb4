// The routes of nodes, on the service's own port alone.
import type { InternalRoute } from '@lumi/shared/endpoint';
import type { NodeDeps } from './deps';
import { exchange } from './exchange-usage';
import { leave } from './leave-node';
import { BODY_BYTES_MAX } from './protocol';
import { readAccess } from './read-access';
import { register } from './register-node';

export function nodeRoutes(deps: NodeDeps): readonly InternalRoute[] {
  const of = { bodyBytesMax: BODY_BYTES_MAX };
  return [
    { ...of, id: 'node-register', method: 'POST', path: '/nodes/{id}/register', handle: (it) => register(deps, it) },
    { ...of, id: 'node-exchange', method: 'POST', path: '/nodes/{id}/exchange', handle: (it) => exchange(deps, it) },
    { ...of, id: 'node-access', method: 'GET', path: '/nodes/{id}/access', handle: (it) => readAccess(deps, it) },
    { ...of, id: 'node-leave', method: 'POST', path: '/nodes/{id}/leave', handle: (it) => leave(deps, it) },
  ];
}
