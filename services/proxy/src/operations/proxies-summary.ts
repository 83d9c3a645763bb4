// How many proxies there are, by what people ask about first.
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { summarizeProxies } from '../store/proxies';
import { PROXY_STATES } from '../store/proxy-row';
import type { ProxyDeps } from '../wiring';

const counted = z.array(z.object({ key: z.string(), count: z.int() }));

export function proxiesSummary(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'proxies-summary', method: 'GET', path: '/proxies/summary', summary: 'Count proxies', tag: 'Proxies', scope: 'read', class: 'regular', reach: 'account',
      description: 'Counts by state, and of the live ones (grace included) by type, country and health, with what expires soon.',
      responses: {
        200: {
          description: 'The counts.',
          schema: z.object({
            total: z.int(), live: z.int(), by_state: z.object(Object.fromEntries(PROXY_STATES.map((state) => [state, z.int()]))), by_type: counted, by_country: counted,
            healthy: z.int(), unhealthy: z.int(), unchecked: z.int(), auto_renew: z.int(), expiring_7d: z.int(), expiring_30d: z.int(),
          }).meta({ id: 'ProxySummary' }),
        },
      },
    }),
    async ({ reach }) => json(200, await summarizeProxies(deps.db.platform, reach, deps.clock.now())),
  );
}
