// POST /quotes: prices, kept for a while. Nothing is charged, held or reserved.
import { z } from 'zod';
import { AppError, BASE_PATHS, defineRoute, newId } from '../../ground/contract';
import { BULK_MAX_ITEMS, endpoint, json, mapInTurns, refuseRepeatedRefs, type Endpoint } from '../endpoint';
import { findKeyById } from '../../base/keys';
import { readBalance, readDailySpend } from '../../base/ledger';
import { formatUsd, type Units } from '../../ground/money';
import type { Principal } from '../../base/principal';
import { amountOf, priceOf, type Offer } from '../../work/purchase';
import type { Service } from '../../house-keeping/process';
import type { QuoteOperations } from './quote-operation';
import { insertQuote, type Quote, type QuoteLine } from './quote-store';
import { freshQuoteSchema, problemsOf, totalOf, viewQuote, type Problem } from './quote-view';

export type QuoteDeps = Pick<Service, 'product' | 'config' | 'db' | 'clock'>;

/** How long a price is kept. */
export const QUOTE_MINUTES = 15;

export const QUOTES_TAG = { name: 'Quotes', description: 'Prices before buying, kept for a while.' } as const;

export function createQuote(deps: QuoteDeps, operations: QuoteOperations, bodyExample: unknown): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-quote',
      method: 'POST',
      path: '/quotes',
      summary: 'Get a quote',
      tag: QUOTES_TAG.name,
      scope: 'buy',
      class: 'regular',
      reach: 'account',
      bulk: 'items',
      description:
        `Prices up to ${String(BULK_MAX_ITEMS)} items and keeps the prices for ${String(QUOTE_MINUTES)} ` +
        `minutes: a purchase that names \`quote_id\` is charged the quoted price, once for each item. ` +
        ('`problems` tells what would be refused if it were bought now, and what balance and daily cap would ' +
          'be left. Nothing is charged or reserved, so this needs no Idempotency-Key.'),
      body: bodyOf(operations),
      bodyExample,
      responses: { 201: { description: 'The quote.', schema: freshQuoteSchema } },
    }),
    async (context) => {
      const { accountId, principal } = context;
      // the schema allows only names of `operations`
      const { operation, items } = context.body as { operation: string; items: readonly { ref?: string }[] };
      refuseRepeatedRefs(items);
      const found = operations[operation];
      if (found === undefined) throw new Error('the schema lets only known operations pass');
      // validated by `found.item`
      const priced = await found.price(accountId, items.map(({ ref: _ref, ...item }) => item) as never);
      const now = deps.clock.now();
      const quote: Quote = {
        id: newId('quo', deps.clock.nowMs()),
        accountId,
        product: deps.product,
        operation,
        keyId: principal.keyId,
        createdAt: now,
        expiresAt: new Date(now.getTime() + QUOTE_MINUTES * 60_000),
        lines: await mapInTurns(items, (item, i) => lineOf(item.ref, i, priced[i])),
      };
      await insertQuote(deps.db.platform, quote);
      return json(
        201,
        { ...viewQuote(quote), ...(await affordability(deps, principal, quote)) },
        { Location: `${BASE_PATHS[deps.product]}/quotes/${quote.id}` },
      );
    },
  );
}

function bodyOf(operations: QuoteOperations) {
  const ref = z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('Your name for this item in the answer; its subject, if absent.');
  const options = Object.entries(operations).map(([name, { item }]) =>
    z
      .object({
        operation: z.literal(name),
        items: z.array(item.extend({ ref }).strict()).min(1, 'must hold at least one item').max(BULK_MAX_ITEMS),
      })
      .strict(),
  );
  const [first, ...rest] = options;
  if (first === undefined) throw new Error('a product without operations has no quotes');
  return z.discriminatedUnion('operation', [first, ...rest]);
}

function lineOf(ref: string | undefined, index: number, priced: Offer | AppError | undefined): QuoteLine {
  if (priced === undefined) throw new Error('an item was not priced');
  if (priced instanceof AppError)
    return { ref: ref ?? String(index), priced: null, parts: [], problem: problemOf(priced), orderId: null };
  return {
    ref: ref ?? priced.subject,
    priced: { kind: priced.thing.kind, terms: priced.terms, price: priceOf(priced) },
    parts: priced.terms.cost.map((line) => ({ label: line.label, amount: amountOf(line).toString() })),
    problem: priced.refusal ? problemOf(priced.refusal) : null,
    orderId: null,
  };
}

function problemOf(refusal: AppError): { code: string; text: string } {
  const where = refusal.details?.map(({ path, message }) => `${path} ${message}`).join('; ');
  return {
    code: refusal.code,
    text: refusal.code === 'validation_error' && where !== undefined ? where : refusal.message,
  };
}

async function affordability(
  deps: QuoteDeps,
  principal: Principal,
  quote: Quote,
): Promise<{ balance_after_usd: string; cap_remaining_after_usd: string | null; problems: Problem[] }> {
  const total = totalOf(quote);
  const [balance, left] = await Promise.all([readBalance(deps.db.platform, quote.accountId), capLeft(deps, principal)]);
  const balanceAfter = balance.available - total;
  const capAfter = left === null ? null : left - total;
  const together: Problem[] = [
    ...(capAfter !== null && (capAfter < 0n || left === 0n) ? [aboutAll(new AppError('daily_cap_exceeded'))] : []),
    ...(balanceAfter < 0n ? [aboutAll(new AppError('insufficient_balance'))] : []),
  ];
  return {
    balance_after_usd: formatUsd(balanceAfter),
    cap_remaining_after_usd: capAfter === null ? null : formatUsd(capAfter),
    problems: [...together, ...problemsOf(quote)],
  };
}

function aboutAll(refusal: AppError): Problem {
  return { ref: null, code: refusal.code, message: refusal.message };
}

/** What the key may still spend today, never below zero; null without a cap. */
async function capLeft(deps: QuoteDeps, principal: Principal): Promise<Units | null> {
  if (principal.type === 'operator') return null;
  const [key, spend] = await Promise.all([
    findKeyById(deps.db.pool, principal.keyId),
    readDailySpend(deps.db.platform, principal.lineageId),
  ]);
  const cap = key?.dailyCapUnits ?? deps.config.DEFAULT_DAILY_CAP_USD;
  if (cap === null) return null;
  return cap > spend.spent ? cap - spend.spent : 0n;
}
