import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { credentialsParams, graceField, CREDENTIALS_ANSWERS, changeCredentials } from './change-credentials';

export function rotateCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'rotate-credentials',
      method: 'POST',
      path: '/proxies/{id}/credentials/rotate',
      summary: 'Make up a new password',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description: 'The same user name with a new password.',
      params: credentialsParams,
      body: z.object({ grace_s: graceField }),
      bodyExample: { grace_s: 600 },
      responses: CREDENTIALS_ANSWERS,
      errors: ['state_conflict'],
    }),
    (context) => changeCredentials(deps, context, context.params.id, context.body),
  );
}
