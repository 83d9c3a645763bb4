// Checks proxies now instead of waiting for their turn.
import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { recordHealth } from '../jobs/check-health';
import { findProxies } from '../store/proxies';
import type { ProxyDeps } from '../deps';
import { allFound } from './fields';

const CALL_LIMIT_MS = 8_000;

export function checkProxies(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'check-proxies',
      method: 'POST',
      path: '/proxies/check',
      summary: 'Check proxies',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      list: 'proxy_ids',
      description: 'Looks at up to 100 proxies at once: whether they answer, how fast, and where they come out.',
      body: z.object({ proxy_ids: z.array(z.string().max(64)).min(1).max(100) }),
      bodyExample: { proxy_ids: ['prx_01k000000000000000000000'] },
      responses: {
        200: {
          description: 'One result for each id, in the order given.',
          schema: z.object({
            items: z.array(
              z.object({
                proxy_id: z.string(),
                ok: z.boolean(),
                latency_ms: z.int().nullable(),
                exit_ip: z.string(),
                exit_country: z.string().nullable(),
              }),
            ),
          }),
        },
      },
    }),
    async ({ reach, body }) => {
      const rows = allFound(body.proxy_ids, await findProxies(deps.service.db.platform, reach, body.proxy_ids));
      const signal = AbortSignal.timeout(CALL_LIMIT_MS);
      const answers = await deps.networks
        .ofRows(rows, (network, some) =>
          network.health(
            some.map((row) => row.network_id),
            signal,
          ),
        )
        .catch((cause: unknown) => {
          throw new AppError('service_unavailable', undefined, { retryAfterS: 5, cause });
        });
      const seen = answers.flat();
      await recordHealth(deps, seen);
      const byId = new Map(seen.map((one) => [one.networkId, one]));
      return json(200, {
        items: rows.map((row) => {
          const health = byId.get(row.network_id);
          return {
            proxy_id: row.id,
            ok: health?.isHealthy ?? false,
            latency_ms: health?.latencyMs ?? null,
            exit_ip: row.exit_ip,
            exit_country: health?.exitCountry ?? null,
          };
        }),
      });
    },
  );
}
