// GET /proxies/{id}/diagnose
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { diagnose, diagnosisSchema, targetQuery } from '../access/diagnosis';
import { accessOfProxies } from '../access/wanted-access';
import type { ProxyDeps } from '../deps';
import { findProxy } from '../store/proxies';
import { idParam } from './fields';

export function diagnoseProxy(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'diagnose-proxy',
      method: 'GET',
      path: '/proxies/{id}/diagnose',
      summary: 'Diagnose a proxy',
      tag: 'Proxies',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'What would happen to a connection from the address you call from now, and what to do about it.',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      query: z.object({ target: targetQuery }),
      responses: { 200: { description: 'The checks.', schema: diagnosisSchema } },
    }),
    async ({ reach, params, query: { target }, clientIp }) => {
      const row = await findProxy(deps.db, reach, params.id);
      const [access] = row === null ? [] : await accessOfProxies(deps, [row]);
      if (row === null || access === undefined) throw notFound();
      const isApplied = row.access_applied >= row.access_version;
      const diagnosed = { access, isApplied, bytesFree: null, isHealthy: row.health_ok };
      return json(200, await diagnose(deps, diagnosed, { clientIp, target }));
    },
  );
}
