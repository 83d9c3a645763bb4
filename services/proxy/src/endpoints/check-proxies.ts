// Checks proxies now instead of waiting for their turn.
import { z } from 'zod';
import { AppError, defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { judgedTarget, URL_MAX } from '../checks/check-targets';
import type { Checked } from '../checks/proxy-checks';
import { recordHealth } from '../jobs/check-health';
import { findProxies } from '../store/proxies';
import type { ProxyRow } from '../store/proxy-row';
import type { ProxyDeps } from '../deps';
import { allFound } from './fields';

/** A check that has begun ends by itself. */
const BEGIN_LIMIT_MS = 20_000;

const resultSchema = z.object({
  proxy_id: z.string(),
  ok: z.boolean().describe('Whether the target answered through the proxy, with whatever status.'),
  latency_ms: z
    .int()
    .nullable()
    .describe('From the first step of the connection to the answer; null if there was none.'),
  exit_ip: z.string(),
  exit_country: z.string().nullable(),
  seen_ip: z.string().nullable().describe('The address that the target saw. Only the built-in target tells it.'),
  http_status: z.int().nullable().describe('The status of the target’s answer.'),
  refusal: z.string().nullable().describe('The word with which the proxy refused the connection.'),
  message: z.string().nullable().describe('Why it is not `ok`; null if it is.'),
});

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
      description:
        'Opens a connection through up to 100 proxies at once: whether they work, how fast, and where they come out. ' +
        'Each takes at most 15 s. Checks are not billed.',
      body: z.object({
        proxy_ids: z.array(z.string().max(64)).min(1).max(100),
        target_url: z
          .string()
          .max(URL_MAX)
          .optional()
          .describe(
            'What to ask for; if absent, a target of the operator. Another one is judged as the target of any ' +
              'connection is, and does not count for `health`.',
          )
          .meta({ example: 'http://echo.lumi.test/' }),
      }),
      bodyExample: { proxy_ids: ['prx_01k000000000000000000000'] },
      responses: {
        200: {
          description: 'One result for each id, in the order given.',
          schema: z.object({ items: z.array(resultSchema) }),
        },
      },
    }),
    async ({ reach, body }) => {
      const target = targetOf(deps, body.target_url);
      const rows = allFound(body.proxy_ids, await findProxies(deps.service.db.platform, reach, body.proxy_ids));
      const account = reach.kind === 'account' ? reach.accountId : 'operators';
      const checked = await deps.checks
        .checkFor(account, rows, target, AbortSignal.timeout(BEGIN_LIMIT_MS))
        .catch((cause: unknown) => {
          throw new AppError('service_unavailable', undefined, { retryAfterS: 5, cause });
        });
      if (checked === null)
        throw new AppError('rate_limited', 'Too many checks of this account are in work.', { retryAfterS: 5 });
      if (target === null || deps.checks.targets.includes(target)) await recordHealth(deps, checked);
      return json(200, { items: rows.flatMap((row, i) => itemOf(row, checked[i])) });
    },
  );
}

function targetOf({ checks }: ProxyDeps, url: string | undefined) {
  if (url === undefined) return null;
  const { value, reason } = judgedTarget(url, checks.targets);
  if (value === undefined) throw invalid('target_url', reason);
  return value;
}

function itemOf(row: ProxyRow, checked: Checked | undefined): z.output<typeof resultSchema>[] {
  if (checked === undefined) return [];
  return [
    {
      proxy_id: row.id,
      ok: checked.isHealthy === true,
      latency_ms: checked.latencyMs,
      exit_ip: row.exit_ip,
      exit_country: checked.country,
      seen_ip: checked.seenIp,
      http_status: checked.status,
      refusal: checked.refusal,
      message: checked.message,
    },
  ];
}
