import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { passwordField, usernameField } from './fields';
import { credentialsParams, graceField, CREDENTIALS_ANSWERS, changeCredentials } from './change-credentials';

export function setCredentials(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'set-credentials',
      method: 'PUT',
      path: '/proxies/{id}/credentials',
      summary: 'Set user name and password',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Sets what you give and makes up the password you do not give. Only the pair before this one can live on: ' +
        'a second change within the grace ends the first.',
      params: credentialsParams,
      body: z.object({ username: usernameField.optional(), password: passwordField.optional(), grace_s: graceField }),
      bodyExample: { username: 'crawler', grace_s: 600 },
      responses: CREDENTIALS_ANSWERS,
      errors: ['state_conflict'],
    }),
    (context) => changeCredentials(deps, context, context.params.id, context.body),
  );
}
