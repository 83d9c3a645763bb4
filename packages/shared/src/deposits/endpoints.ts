// The deposit endpoints every product base carries, the webhook intake and the sandbox pay page.
import { z } from 'zod';
import { AppError, checkedTogether, defineRoute, isId, notFound, pageOf, pageQuery, readPage, toPage, type Cursors, type CursorBinding } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { accountOf, pageOfWhole } from '../listing';
import { formatUsd, parseUsd, usdDepositInput, usdOutput } from '../money';
import { purchaseReply, referenceField } from '../purchase';
import { cancelDeposit, createDeposit, forgedWebhook, lookUp, readDeposit, takeWebhook } from './deposits';
import { DEPOSIT_STATES, findDeposit, listDeposits } from './deposit-store';
import { depositSchema, viewDeposit } from './deposit-view';
import type { PaymentProviders } from './provider';
import { reconcile, type DepositDeps } from './reconcile';
import { returnUrlField } from './return-url';
import { sandboxPage } from './sandbox-page';
import { SandboxPay } from './sandbox-pay';

const TAG = 'Deposits';
const READ = ['deposits:write', 'read'] as const;
const EXPIRES_IN_DEFAULT_S = 3_600;

export function depositEndpoints(deps: DepositDeps & { cursors: Cursors }): readonly Endpoint[] {
  const sandbox = deps.providers.all().find((provider): provider is SandboxPay => provider instanceof SandboxPay);
  return [
    listProviders(deps),
    createOne(deps),
    listMany(deps),
    getOne(deps),
    cancelOne(deps),
    paymentHook(deps),
    ...(sandbox === undefined ? [] : sandboxPages(deps, sandbox)),
  ];
}

function listProviders(deps: DepositDeps & { cursors: Cursors }): Endpoint {
  const item = z.object({
    provider: z.string(), min_usd: usdOutput, max_usd: usdOutput, assets: z.array(z.string()), fee: z.string(), eta: z.string(), enabled: z.boolean(),
  });
  return endpoint(
    defineRoute({
      id: 'list-deposit-providers', method: 'GET', path: '/deposits/providers', summary: 'List payment providers', tag: TAG, scope: READ, class: 'regular', reach: 'none',
      description: 'Providers that can be named in `POST /deposits`, with their limits.',
      query: pageQuery, responses: { 200: { description: 'A page of the providers of this deployment.', schema: pageOf(item) } },
    }),
    ({ query }) => json(200, pageOfWhole(deps.providers.all(), {
      route: 'list-deposit-providers', query, cursors: deps.cursors, key: ({ terms }) => terms.provider, view: ({ terms }) => ({
        provider: terms.provider, min_usd: formatUsd(terms.minimum), max_usd: formatUsd(terms.maximum), assets: [...terms.assets], fee: terms.fee, eta: terms.eta, enabled: true,
      }),
    })),
  );
}

function createOne(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-deposit', method: 'POST', path: '/deposits', summary: 'Create a top-up invoice', tag: TAG, scope: 'deposits:write', class: 'money', reach: 'account',
      description: 'Makes an invoice at the payment provider and answers with the address where it is paid. The balance grows by exactly `amount_usd` once the provider has the money. Deposits never count as spend, but a key whose daily cap is reached cannot make one.',
      body: depositBody(deps.providers), bodyExample: { amount_usd: '5.00', provider: deps.providers.all()[0]?.terms.provider ?? 'sandbox' },
      responses: {
        201: { description: 'The invoice can be paid at `pay_url`.', schema: depositSchema },
        202: { description: 'It is not known yet whether the provider made the invoice; poll the deposit. It is never made twice.', schema: depositSchema, exampleWith: { status: 'created', pay_url: null, pay_urls: {}, expires_at: null } },
      },
      errors: ['supplier_error'],
    }),
    async (context) => {
      const provider = deps.providers.find(context.body.provider);
      if (provider === null || context.claim === null) throw new Error('the schema lets only known providers pass, and deposits have no dry run');
      const answer = await createDeposit(deps, {
        principal: context.principal, accountId: context.accountId, claim: context.claim, amount: parseUsd(context.body.amount_usd), provider,
        asset: context.body.asset ?? null, returnUrl: context.body.return_url ?? null, reference: context.body.reference ?? null,
        expiresInS: context.body.expires_in ?? EXPIRES_IN_DEFAULT_S,
      });
      return purchaseReply({ ...answer, order: null, error: null });
    },
  );
}

/** What a provider takes is part of the schema: such a refusal comes with the other 422s and before any money rule. */
function depositBody(providers: PaymentProviders) {
  const terms = new Map(providers.all().map((provider) => [provider.terms.provider, provider.terms]));
  return checkedTogether(z.object({
    amount_usd: usdDepositInput,
    provider: z.string().refine((name) => terms.has(name), 'is not a provider of this deployment; see GET /deposits/providers').describe(`One of: ${[...terms.keys()].join(', ')}.`).meta({ example: [...terms.keys()][0] }),
    asset: z.string().max(16).optional().describe('The only asset the invoice may be paid in; any of the provider, if absent.'),
    return_url: returnUrlField.optional().describe('Where the payer is sent after paying.'),
    expires_in: z.int().min(60).max(2_678_400).optional().describe(`Seconds in which the invoice can be paid; ${String(EXPIRES_IN_DEFAULT_S)} if absent.`),
    reference: referenceField,
  }), (body, refuse) => {
    const known = terms.get(body.provider);
    if (known === undefined) return;
    const amount = parseUsd(body.amount_usd);
    if (amount < known.minimum || amount > known.maximum) refuse('amount_usd', `must be from ${formatUsd(known.minimum)} to ${formatUsd(known.maximum)} with this provider`);
    if (body.asset !== undefined && !known.assets.includes(body.asset)) refuse('asset', `must be one of ${known.assets.join(', ')}`);
  });
}

function listMany(deps: DepositDeps & { cursors: Cursors }): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-deposits', method: 'GET', path: '/deposits', summary: 'List deposits', tag: TAG, scope: READ, class: 'regular', reach: 'account',
      description: 'Newest first; the deposits of all products, since the balance is shared.',
      query: pageQuery.extend({
        status: z.enum(DEPOSIT_STATES).optional().describe('Only deposits in this status.'),
        provider: z.string().max(32).optional().describe('Only deposits of this provider.'),
        reference: z.string().max(128).optional().describe('Only deposits with this reference.'),
      }),
      responses: { 200: { description: 'A page of deposits.', schema: pageOf(depositSchema) } },
    }),
    async ({ reach, query }) => {
      const { status, provider, reference } = query;
      const binding: CursorBinding = { account: accountOf(reach), route: 'list-deposits', filter: { status, provider, reference } };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listDeposits(deps.db.platform, reach, { status, provider, reference }, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, deps.cursors, binding, (deposit) => [deposit.seq.toString()], viewDeposit));
    },
  );
}

const depositParams = z.object({ id: z.string().refine((id) => isId(id, 'dep')).describe('The id of the deposit.') });

function getOne(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-deposit', method: 'GET', path: '/deposits/{id}', summary: 'Get a deposit', tag: TAG, scope: READ, class: 'regular', reach: 'account',
      description: 'Asks the provider as well when nobody did in the last seconds. With `wait` the answer is held back until the deposit is settled or the time is over.',
      params: depositParams,
      query: z.object({ wait: z.string().regex(/^(\d|[12]\d|30)$/, 'must be a whole number from 0 to 30').optional().describe('Seconds to wait for the deposit to be settled, 0 to 30.') }),
      responses: { 200: { description: 'The deposit.', schema: depositSchema } },
    }),
    async ({ reach, params, query }) => json(200, viewDeposit(await readDeposit(deps, reach, params.id, Number.parseInt(query.wait ?? '0', 10)))),
  );
}

function cancelOne(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'cancel-deposit', method: 'POST', path: '/deposits/{id}/cancel', summary: 'Cancel a deposit', tag: TAG, scope: 'deposits:write', class: 'regular', reach: 'account',
      description: 'Deletes the invoice at the provider. A payment that was faster wins: then the deposit comes back `credited`. Cancelling twice does no harm.',
      params: depositParams,
      responses: { 200: { description: 'The deposit as it is now.', schema: depositSchema, exampleWith: { status: 'cancelled', pay_url: null, pay_urls: {} } } },
      errors: ['state_conflict'],
    }),
    async ({ reach, params }) => json(200, viewDeposit(await cancelDeposit(deps, reach, params.id))),
  );
}

function paymentHook(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'take-payment-webhook', method: 'POST', path: '/hooks/payments/{provider}', summary: 'Take a payment webhook', tag: 'Callbacks', scope: 'public', class: 'regular', reach: 'none',
      description: "For payment providers only. The provider's signature over the exact bytes is the credential; the invoice is read again at the provider before anything is credited.",
      rawBody: true,
      params: z.object({ provider: z.string().max(32).describe('The name of the provider.') }),
      responses: { 200: { description: 'Taken.', schema: z.object({ ok: z.literal(true) }) } },
      errors: ['invalid_signature'],
    }),
    async ({ params, rawBody, headers }) => {
      const provider = deps.providers.find(params.provider);
      if (provider === null) throw notFound();
      const outcome = await takeWebhook(deps, provider, rawBody, headers);
      if (outcome === 'forged') throw forgedWebhook();
      if (outcome === 'later') throw new AppError('service_unavailable', undefined, { retryAfterS: 10 });
      return json(200, { ok: true });
    },
  );
}

function sandboxPages(deps: DepositDeps, sandbox: SandboxPay): Endpoint[] {
  const params = z.object({ token: z.string().regex(/^[\w-]{32}$/).describe('Names the invoice; nobody can guess it.') });
  const common = { path: '/sandbox/pay/{token}', tag: 'Callbacks', scope: 'public', class: 'regular', reach: 'none', rawBody: true, params } as const;
  const responses = { 200: { description: 'An HTML page.', contentType: 'text/html' } };
  return [
    endpoint(
      defineRoute({ ...common, id: 'show-sandbox-pay-page', method: 'GET', summary: 'Show the sandbox pay page', description: 'For a browser: an invoice of the `sandbox` provider with a button that pays it with test money.', responses }),
      async ({ params: { token } }) => {
        const invoice = await sandbox.find(token);
        if (invoice === null) throw notFound();
        return sandboxPage(invoice);
      },
    ),
    endpoint(
      defineRoute({ ...common, id: 'pay-sandbox-invoice', method: 'POST', summary: 'Pay a sandbox invoice', description: 'What the button of the sandbox pay page does: the invoice is paid with test money and the deposit credited.', responses }),
      async ({ params: { token } }) => {
        const invoice = await sandbox.pay(token);
        if (invoice === null) throw notFound();
        const deposit = await findDeposit(deps.db.platform, { kind: 'all' }, invoice.depositId);
        if (deposit !== null) await reconcile(deps, deposit, await lookUp(sandbox, deposit));
        return sandboxPage(invoice);
      },
    ),
  ];
}
