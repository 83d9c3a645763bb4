// One proxy.
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import { openPassword } from '../access/credentials';
import { findProxy } from '../store/proxies';
import { recordReveal } from '../store/reveals';
import type { ProxyDeps } from '../deps';
import { idParam, revealQuery } from './fields';
import { proxySchema, viewProxy } from '../views/proxy-view';

export function getProxy(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-proxy',
      method: 'GET',
      path: '/proxies/{id}',
      summary: 'Get a proxy',
      tag: 'Proxies',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One proxy, with what may be done with it now.',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      query: z.object({ reveal: revealQuery }),
      responses: { 200: { description: 'The proxy.', schema: proxySchema } },
    }),
    async (context) => {
      if (context.query.reveal !== undefined) requireScope(context.principal, 'write');
      const row = await findProxy(deps.db, context.reach, context.params.id);
      if (row === null) throw notFound();
      if (context.query.reveal === undefined) return json(200, viewProxy(row, deps.service.clock.now()));
      await recordReveal(deps, context, 'get-proxy', [row.id]);
      return json(200, viewProxy(row, deps.service.clock.now(), openPassword(deps, row)));
    },
  );
}
