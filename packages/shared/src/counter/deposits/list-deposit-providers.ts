import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, type Cursors } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { pageOfWhole } from '../listing';
import { formatUsd, usdOutput } from '../../ground/money';
import type { DepositDeps } from './reconcile';
import { DEPOSITS_TAG, READ_SCOPES } from './deposit-route';

export function listDepositProviders(deps: DepositDeps & { cursors: Cursors }): Endpoint {
  const item = z.object({
    provider: z.string(),
    min_usd: usdOutput,
    max_usd: usdOutput,
    assets: z.array(z.string()),
    fee: z.string(),
    eta: z.string(),
    enabled: z.boolean(),
  });
  return endpoint(
    defineRoute({
      id: 'list-deposit-providers',
      method: 'GET',
      path: '/deposits/providers',
      summary: 'List payment providers',
      tag: DEPOSITS_TAG,
      scope: READ_SCOPES,
      class: 'regular',
      reach: 'none',
      description: 'Providers that can be named in `POST /deposits`, with their limits.',
      query: pageQuery,
      responses: { 200: { description: 'A page of the providers of this deployment.', schema: pageOf(item) } },
    }),
    ({ query }) =>
      json(
        200,
        pageOfWhole(deps.providers.all(), {
          route: 'list-deposit-providers',
          query,
          cursors: deps.cursors,
          key: ({ terms }) => terms.provider,
          view: ({ terms }) => ({
            provider: terms.provider,
            min_usd: formatUsd(terms.minimum),
            max_usd: formatUsd(terms.maximum),
            assets: [...terms.assets],
            fee: terms.fee,
            eta: terms.eta,
            enabled: true,
          }),
        }),
      ),
  );
}
