import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { findReplacement } from '../store/replacements';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { replacementSchema, viewReplacement } from '../views/replacement-view';

export function getReplacement(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-replacement',
      method: 'GET',
      path: '/replacements/{id}',
      summary: 'Get a replacement',
      tag: 'Proxies',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One replacement with its pairs of old and new.',
      params: z.object({ id: idParam('rep', 'the replacement') }),
      responses: { 200: { description: 'The replacement.', schema: replacementSchema } },
    }),
    async ({ reach, params }) => {
      const row = await findReplacement(deps.service.db.platform, reach, params.id);
      if (row === null) throw notFound();
      return json(200, viewReplacement(row));
    },
  );
}
