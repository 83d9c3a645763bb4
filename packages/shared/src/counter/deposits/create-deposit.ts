import { z } from 'zod';
import { checkedTogether, defineRoute } from '../../ground/contract';
import { endpoint, type Endpoint } from '../endpoint';
import { formatUsd, parseUsd, usdDepositInput } from '../../ground/money';
import { purchaseReply, referenceField } from '../../work/purchase';
import { createDeposit } from './deposits';
import { depositSchema } from './deposit-view';
import type { PaymentProviders } from './provider';
import type { DepositDeps } from './reconcile';
import { returnUrlField } from './return-url';
import { DEPOSITS_TAG } from './deposit-route';

const EXPIRES_IN_DEFAULT_S = 3_600;

export function createDepositEndpoint(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-deposit',
      method: 'POST',
      path: '/deposits',
      summary: 'Create a top-up invoice',
      tag: DEPOSITS_TAG,
      scope: 'deposits:write',
      class: 'money',
      reach: 'account',
      description:
        'Makes an invoice at the payment provider and answers with the address where it is paid. The balance ' +
        'grows by exactly `amount_usd` once the provider has the money. Deposits never count as spend, but a key ' +
        'whose daily cap is reached cannot make one.',
      body: depositBody(deps.providers),
      bodyExample: { amount_usd: '5.00', provider: deps.providers.all()[0]?.terms.provider ?? 'sandbox' },
      responses: {
        201: { description: 'The invoice can be paid at `pay_url`.', schema: depositSchema },
        202: {
          description:
            'It is not known yet whether the provider made the invoice; poll the deposit. It is never made twice.',
          schema: depositSchema,
          exampleWith: { status: 'created', pay_url: null, pay_urls: {}, expires_at: null },
        },
      },
      errors: ['supplier_error'],
    }),
    async (context) => {
      const provider = deps.providers.find(context.body.provider);
      if (provider === null || context.claim === null)
        throw new Error('the schema lets only known providers pass, and deposits have no dry run');
      const answer = await createDeposit(deps, {
        principal: context.principal,
        accountId: context.accountId,
        claim: context.claim,
        amount: parseUsd(context.body.amount_usd),
        provider,
        asset: context.body.asset ?? null,
        returnUrl: context.body.return_url ?? null,
        reference: context.body.reference ?? null,
        expiresInS: context.body.expires_in ?? EXPIRES_IN_DEFAULT_S,
      });
      return purchaseReply({ ...answer, order: null, error: null });
    },
  );
}

/** The provider's limits are part of the schema: their refusal comes with the other 422s, before any money rule. */
function depositBody(providers: PaymentProviders) {
  const terms = new Map(providers.all().map((provider) => [provider.terms.provider, provider.terms]));
  return checkedTogether(
    z.object({
      amount_usd: usdDepositInput,
      provider: z
        .string()
        .refine((name) => terms.has(name), 'is not a provider of this deployment; see GET /deposits/providers')
        .describe(`One of: ${[...terms.keys()].join(', ')}.`)
        .meta({ example: [...terms.keys()][0] }),
      asset: z
        .string()
        .max(16)
        .optional()
        .describe('The only asset the invoice may be paid in; any of the provider, if absent.'),
      return_url: returnUrlField.optional().describe('Where the payer is sent after paying.'),
      expires_in: z
        .int()
        .min(60)
        .max(2_678_400)
        .optional()
        .describe(`Seconds in which the invoice can be paid; ${String(EXPIRES_IN_DEFAULT_S)} if absent.`),
      reference: referenceField,
    }),
    (body, refuse) => {
      const known = terms.get(body.provider);
      if (known === undefined) return;
      const amount = parseUsd(body.amount_usd);
      if (amount < known.minimum || amount > known.maximum)
        refuse(
          'amount_usd',
          `must be from ${formatUsd(known.minimum)} to ${formatUsd(known.maximum)} with this provider`,
        );
      if (body.asset !== undefined && !known.assets.includes(body.asset))
        refuse('asset', `must be one of ${known.assets.join(', ')}`);
    },
  );
}
