// POST of a bulk. The batch with all its items commits together with the claim, before anything is bought. Up to ten
// items are then bought while the caller waits. If the process dies meanwhile, the worker finishes the batch, including
// the stored answer.
import { z } from 'zod';
import { AppError, BASE_PATHS, defineRoute, newId } from '../../ground/contract';
import { endpoint, json, type Endpoint, type Reply, type RequestContext } from '../../counter/endpoint';
import { itemError } from '../../base/http';
import { findAnswer, refuseOrReplay, type Claim, type StoredAnswer } from '../../base/idempotency';
import { parseUsd, usdInput } from '../../ground/money';
import { consentOf, purchase, purchaseReply, storedAnswer, type Offer } from '../purchase';
import { advanceBatch, inlineAnswer, STEP_ITEMS, type BatchDeps, type BulkKinds } from './advance';
import { answerInline, createBatch, type PlannedItem } from './batch-store';
import { acceptedBody, batchAcceptedSchema, bulkResultSchema } from './batch-view';
import type { BulkItemBody, BulkKind } from './bulk-kind';
import { itemDocumentation } from './item-documentation';
import { onePerKey } from './one-per-key';
import { planItems } from './plan-items';

const INLINE_MAX_ITEMS = 10;
/** The caller waits this long for results; then the worker goes on and the caller polls. */
const INLINE_LIMIT_MS = 8_000;

type Envelope = {
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly max_total_usd?: string | undefined;
  readonly on_error?: 'continue' | 'stop' | undefined;
};

export function bulkEndpoint(deps: BatchDeps, kinds: BulkKinds, kind: BulkKind): Endpoint {
  const item = z.record(z.string(), z.unknown());
  return endpoint(
    defineRoute({
      id: kind.id,
      method: 'POST',
      path: kind.path,
      tag: kind.tag,
      scope: 'buy',
      class: 'money',
      reach: 'account',
      bulk: 'items',
      dryRun: true,
      ...('auto_renew' in kind.item.shape ? { autoRenew: ['items.auto_renew', 'defaults.auto_renew'] } : {}),
      summary: kind.summary,
      description:
        `${kind.description}\n\nItems are independent: one failing does not undo the others. Up to 10 are ` +
        `done at once; more, or with \`Prefer: respond-async\`, run as a batch. ` +
        ('The same item twice is bought once: the first is executed, the others fail with `state_conflict`. ' +
          'With `on_error: stop` or `max_total_usd` the items are done one after the other, in their order.'),
      body: z.object({
        defaults: item.optional().describe('Fields for every item that does not have them itself.'),
        items: z
          .array(item.meta(itemDocumentation(kind.item)))
          .min(1, 'must hold at least one item')
          .describe('1 to 500 items.'),
        max_total_usd: usdInput
          .optional()
          .describe('The most all items together may cost; an item that would go past it fails with `price_changed`.'),
        on_error: z
          .enum(['continue', 'stop'])
          .optional()
          .describe(
            'Absent: `continue`. After `stop` no item behind the failed one is tried: they fail with `skipped`.',
          ),
      }),
      bodyExample: { items: [kind.itemExample], on_error: 'continue' },
      responses: {
        200: {
          description:
            'Done, with one result per item, in their order. Some may have failed; one whose outcome is not ' +
            'known yet is `pending`, and `batch_id` is where to ask for it.',
          schema: bulkResultSchema,
        },
        202: { description: 'Accepted as a batch: poll `Location`.', schema: batchAcceptedSchema },
      },
      errors: ['batch_too_large'],
    }),
    async (context): Promise<Reply> => {
      const envelope: Envelope = context.body;
      await kind.ready?.();
      const items = await planItems(kind, envelope.defaults ?? {}, envelope.items);
      if (context.claim === null) {
        const check = () => dryRun(deps, kind, context, items);
        const isShort = items.length <= STEP_ITEMS;
        return json(200, await (isShort ? check() : onePerKey(context.principal.lineageId, check)));
      }
      return start({ deps, kinds, kind, context, claim: context.claim, envelope, items });
    },
  );
}

interface Start {
  readonly deps: BatchDeps;
  readonly kinds: BulkKinds;
  readonly kind: BulkKind;
  readonly context: RequestContext<unknown, unknown, unknown>;
  readonly claim: Claim;
  readonly envelope: Envelope;
  readonly items: readonly PlannedItem[];
}

async function start({ deps, kinds, kind, context, claim, envelope, items }: Start): Promise<Reply> {
  const batchId = newId('bat', deps.clock.nowMs());
  const isInline = items.length <= INLINE_MAX_ITEMS && !context.preferAsync;
  const location = `${BASE_PATHS[deps.product]}/batches/${batchId}`;
  const accepted = Buffer.from(JSON.stringify(acceptedBody(batchId, items.length)), 'utf8');
  const created = await createBatch(deps.db.platform, {
    batchId,
    accountId: context.accountId,
    kind: kind.id,
    form: isInline ? 'inline' : 'queued',
    onError: envelope.on_error ?? 'continue',
    maxTotal: envelope.max_total_usd === undefined ? null : parseUsd(envelope.max_total_usd),
    principal: context.principal,
    defaultCap: deps.purchases.defaultCap,
    claim,
    items,
    answer: { status: 202, body: accepted, location },
  });
  if (created.outcome !== 'created') return purchaseReply(storedAnswer(replayOrRefuse(created)));
  if (isInline) {
    return runInline(deps, kinds, { batchId, claim });
  }
  return { status: 202, bytes: accepted, headers: { Location: location, 'Retry-After': '2' } };
}

function replayOrRefuse(created: Parameters<typeof refuseOrReplay>[0]): StoredAnswer {
  switch (created.outcome) {
    case 'no_account':
      throw new AppError('not_found');
    case 'cap':
      throw new AppError('daily_cap_exceeded');
    case 'balance':
      throw new AppError('insufficient_balance');
    default:
      return refuseOrReplay(created);
  }
}

/** Buys for as long as a caller waits. Unknown results are `pending` in the answer, and the worker continues. */
async function runInline(
  deps: BatchDeps,
  kinds: BulkKinds,
  { batchId, claim }: { batchId: string; claim: Claim },
): Promise<Reply> {
  const signal = AbortSignal.timeout(INLINE_LIMIT_MS);
  try {
    for (let steps = 0; steps <= INLINE_MAX_ITEMS && !signal.aborted; steps += 1) {
      const step = await advanceBatch(deps, kinds, batchId, signal);
      if (step.isFinished) break;
      if (step.taken === 0) break;
    }
  } catch (err) {
    // The batch is stored, so it continues after any fault here.
    deps.log.warn('an inline bulk could not be finished by its request', { batch_id: batchId, err });
  }
  const answer = await inlineAnswer(deps.db.platform, batchId);
  if (await answerInline(deps.db.platform, deps.product, batchId, answer))
    return { status: answer.status, bytes: answer.body };
  const stored = await findAnswer(deps.db.platform, claim);
  if (stored === null) throw new Error(`the finished batch ${batchId} has no answer`);
  return { status: stored.status, bytes: stored.body };
}

/** Checks every item as if it were the only one. Nothing is stored. */
async function dryRun(
  deps: BatchDeps,
  kind: BulkKind,
  context: RequestContext<unknown, unknown, unknown>,
  items: readonly PlannedItem[],
): Promise<z.output<typeof bulkResultSchema>> {
  const views: z.output<typeof bulkResultSchema>['items'] = [];
  for (let from = 0; from < items.length; from += STEP_ITEMS)
    views.push(...(await dryRunSome(deps, kind, context, items.slice(from, from + STEP_ITEMS))));
  return {
    total: views.length,
    ok: views.filter(({ status }) => status === 'ok').length,
    failed: views.filter(({ status }) => status === 'failed').length,
    items: views,
  };
}

async function dryRunSome(
  deps: BatchDeps,
  kind: BulkKind,
  context: RequestContext<unknown, unknown, unknown>,
  items: readonly PlannedItem[],
): Promise<z.output<typeof bulkResultSchema>['items']> {
  const good = items.filter(({ code }) => code === undefined);
  const bodies = good.map(({ input }) => kind.item.parse(input));
  // the kind's own schema parsed it
  const parts = good.length === 0 ? [] : await kind.prepare(context.accountId, bodies as never[]);
  return Promise.all(
    items.map(async (item) => {
      if (item.code !== undefined)
        return {
          ref: item.ref,
          status: 'failed' as const,
          error: {
            code: item.code,
            message: item.text ?? '',
            ...(item.details === undefined ? {} : { details: [...item.details] }),
          },
        };
      const at = good.indexOf(item);
      try {
        return {
          ref: item.ref,
          status: 'ok' as const,
          result: await dryRunOne(deps, context, parts[at], bodies[at] as BulkItemBody),
        };
      } catch (err) {
        const { details, ...error } = itemError(err);
        return {
          ref: item.ref,
          status: 'failed' as const,
          error: { ...error, ...(details === undefined ? {} : { details: [...details] }) },
        };
      }
    }),
  );
}

async function dryRunOne(
  deps: BatchDeps,
  context: RequestContext<unknown, unknown, unknown>,
  offer: Offer | AppError | undefined,
  body: BulkItemBody,
): Promise<unknown> {
  if (offer === undefined || offer instanceof AppError) throw offer ?? new AppError('internal_error');
  const answer = await purchase(deps.purchases, {
    ...offer,
    principal: context.principal,
    accountId: context.accountId,
    requestId: context.requestId,
    claim: null,
    dryRun: true,
    consent: consentOf(body),
    quoteId: body.quote_id ?? null,
  });
  return JSON.parse(Buffer.from(answer.bytes).toString('utf8')) as unknown;
}
