// The purchase engine: hold → act at the supplier with no transaction open → capture or release. It never decides on
// `unknown`: the hold stays, the caller gets 202, and the recovery worker asks the supplier by our reference until it
// knows.
import { AppError, newId } from '../../ground/contract';
import type { Rider } from '../../base/db';
import { formatUsd, type Units } from '../../ground/money';
import { findQuotedLine, useLine } from './quoted-price';
import { priceOf } from './terms';
import type { Order } from './thing-sold';
import type { PurchaseDeps } from './purchase-deps';
import type { PurchaseRequest, PriceConsent } from './purchase-request';
import { dryRunAnswer, type PurchaseAnswer } from './purchase-answer';
import { holdMoney, replayOrRefuse } from './hold';
import { boundedAct } from './act';
import { concludeOrder } from './conclude';

/**
 * Another purchase may use the line of a quote between its reading and its use; then the next line is tried, at most
 * this often.
 */
const LINE_TRIES = 5;

export async function purchase(deps: PurchaseDeps, request: PurchaseRequest): Promise<PurchaseAnswer> {
  for (let tries = 1; ; tries += 1) {
    const offer = await offerOf(deps, request);
    const answer = await purchaseAt(deps, offer.request, offer.rider, tries < LINE_TRIES);
    if (answer !== 'line taken') return answer;
  }
}

/**
 * The request at its price: the quoted price when it names a quote. A quote that does not cover it is refused like a
 * price that has changed.
 */
async function offerOf(
  deps: PurchaseDeps,
  request: PurchaseRequest,
): Promise<{ request: PurchaseRequest; rider: ((orderId: string) => Rider<'begun'>) | null }> {
  if (request.quoteId === undefined || request.quoteId === null) return { request, rider: null };
  const line = await findQuotedLine(deps.db.platform, {
    quoteId: request.quoteId,
    accountId: request.accountId,
    product: request.principal.product,
    kind: request.thing.kind,
    terms: request.terms,
    now: deps.clock.now(),
  });
  if (line === null)
    return {
      request: {
        ...request,
        refusal:
          request.refusal ??
          priceChanged(
            priceOf(request),
            'The quote does not cover this purchase, is used or has expired; nothing was charged.',
          ),
      },
      rider: null,
    };
  return { request: { ...request, terms: line.terms }, rider: (orderId) => useLine(line, orderId) };
}

async function purchaseAt(
  deps: PurchaseDeps,
  request: PurchaseRequest,
  rider: ((orderId: string) => Rider<'begun'>) | null,
  mayRetry: boolean,
): Promise<PurchaseAnswer | 'line taken'> {
  const order = newOrder(deps, request);
  const refusal = request.refusal ?? consentRefusal(order.price, request.consent);
  const begun = await holdMoney(deps, request, order, {
    isDryRun: request.dryRun || refusal !== null,
    rider,
    mayRetry,
  });
  if (begun === 'line taken') return begun;
  if (begun.outcome !== 'held') return replayOrRefuse(begun, request);
  if (refusal !== null) throw refusal;
  if (request.dryRun) return dryRunAnswer(request);

  const held: Order = { ...order, createdAt: begun.created_at ?? order.createdAt };
  await deps.checkpoint?.('after-hold', order.id);
  const outcome = await boundedAct(deps, request.thing, held);
  await deps.checkpoint?.('after-act', order.id);
  return concludeOrder(deps, request.thing, held, outcome);
}

function newOrder(deps: PurchaseDeps, request: PurchaseRequest): Order {
  return {
    id: newId('ord', deps.clock.nowMs()),
    accountId: request.accountId,
    product: request.principal.product,
    kind: request.thing.kind,
    subject: request.subject,
    item: request.item,
    terms: request.terms,
    price: priceOf(request),
    charged: null,
    state: 'acting',
    supplierRef: null,
    refusalCode: null,
    refusalText: null,
    refusalDetails: null,
    batchId: request.batch?.id ?? null,
    batchItem: request.batch?.item ?? null,
    reference: request.reference ?? null,
    tags: request.tags ?? [],
    metadata: request.metadata ?? null,
    requestId: request.requestId,
    attempt: 1,
    stuckSince: null,
    createdAt: deps.clock.now(),
    settledAt: null,
  };
}

function consentRefusal(price: Units, consent: PriceConsent | undefined): AppError | null {
  const agreed =
    (consent?.expected === undefined || consent.expected === price) &&
    (consent?.max === undefined || price <= consent.max);
  return agreed ? null : priceChanged(price);
}

function priceChanged(price: Units, text?: string): AppError {
  return new AppError('price_changed', text, { details: [{ path: 'price_usd', message: formatUsd(price) }] });
}
