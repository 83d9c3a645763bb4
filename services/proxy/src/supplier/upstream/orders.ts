// Orders at the supplier, which knows no idempotency: the intent is written, then sent once. When the answer is lost,
// the plan is found by its note, which is our reference. What is not found stays unknown, until an operator decides.
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { AllocateRequest, Allocated } from '../proxy-network';
import { cancelSchema, listStatusSchema, planSchema, proxySchema, purchaseSchema, type ListedProxy } from './answers';
import type { Command, UpstreamBooks } from './books';
import type { UpstreamClient } from './client';
import { upstreamKindOf } from './kinds';
import { NO_ENTRY, notOffered, OUT_OF_STOCK, outcomeOf, SUPPLIER_REFUSED, unknownOf } from './outcomes';

const CHECK_AFTER_MS = 1_000;

export class UpstreamOrders {
  constructor(
    private readonly client: UpstreamClient,
    private readonly books: UpstreamBooks,
  ) {}

  async send(reference: string, request: AllocateRequest, signal: AbortSignal): Promise<Outcome<Allocated>> {
    const before = await this.books.find(reference);
    if (before !== null) return this.settle(before, signal);
    const kind = upstreamKindOf(request.productId);
    if (kind === null) return notOffered('This product does not come from the supplier.');
    if (request.items.some(({ place }) => place !== null)) return notOffered('Only whole countries can be chosen.');
    if (request.subnetDiversity) return notOffered('Different subnets cannot be chosen.');
    if (this.client.isPaused) return { kind: 'unknown', cause: new Error('the supplier has asked to wait') };
    const begun = await this.books.begin(reference, 'allocate', { request, entries: quantityOf(request) });
    if (begun === 'no-entry') return NO_ENTRY;
    if (begun === 'other') return { kind: 'unknown', cause: new Error('another process sends it') };
    const answer = await this.client.ask(
      {
        method: 'POST',
        path: '/api/v2/subscription/checkout/purchase/',
        body: {
          behavior: 'add',
          proxy_type: kind.type,
          proxy_subtype: kind.subtype,
          proxy_countries: countriesOf(request),
          note: reference,
        },
        schema: purchaseSchema,
      },
      signal,
    );
    switch (answer.kind) {
      case 'ok':
        await this.books.noteSupplierId(reference, answer.value.plan);
        return this.collect(reference, request, answer.value.plan, signal);
      case 'refused':
        return this.refuse(reference, answer.code === 'not_available' ? OUT_OF_STOCK : SUPPLIER_REFUSED);
      case 'unavailable':
        await this.books.forget(reference); // nothing was done: a look-up finds nothing, and it is sent again
        return { kind: 'unknown', cause: answer.cause };
      case 'unknown':
        return answer;
    }
  }

  /** How a command that was sent has ended. It never sends it again. */
  async settle(command: Command, signal: AbortSignal): Promise<Outcome<Allocated>> {
    const ended = outcomeOf<Allocated>(command);
    if (ended !== null) return ended;
    const planId = command.supplier_id ?? (await this.findByNote(command.reference, signal));
    if (typeof planId !== 'number') return planId;
    // As it was written.
    return this.collect(command.reference, command.request as unknown as AllocateRequest, planId, signal);
  }

  private async findByNote(
    reference: string,
    signal: AbortSignal,
  ): Promise<number | Extract<LookUp<never>, { kind: 'unknown' }>> {
    const plans = await this.client.list('/api/v2/subscription/plan/', { note: reference }, planSchema, signal);
    if (plans.kind !== 'ok') return unknownOf(plans);
    const ours = plans.value.filter(({ note }) => note === reference);
    const [plan] = ours;
    if (plan === undefined || ours.length > 1)
      return {
        kind: 'unknown',
        cause: new Error(`the supplier has ${String(ours.length)} plans with the note ${reference}`),
      };
    await this.books.noteSupplierId(reference, plan.id);
    return plan.id;
  }

  private async collect(
    reference: string,
    request: AllocateRequest,
    planId: number,
    signal: AbortSignal,
  ): Promise<Outcome<Allocated>> {
    const of = { plan_id: planId };
    const plan = await this.client.ask(
      { method: 'GET', path: `/api/v2/subscription/plan/${String(planId)}/`, schema: planSchema },
      signal,
    );
    if (plan.kind !== 'ok') return unknownOf(plan);
    if (plan.value.note !== reference)
      return { kind: 'unknown', cause: new Error(`plan ${String(planId)} has another note`) };
    // Cancelled by us because it was short, or by the supplier before it was delivered.
    if (plan.value.status === 'cancelled') return this.refuse(reference, OUT_OF_STOCK);
    const status = await this.client.ask(
      { method: 'GET', path: '/api/v3/proxy/list/status', query: of, schema: listStatusSchema },
      signal,
    );
    if (status.kind !== 'ok') return unknownOf(status);
    if (status.value.state !== 'completed')
      return { kind: 'pending', supplierRef: `ups-${String(planId)}`, checkAfterMs: CHECK_AFTER_MS };
    const list = await this.client.list('/api/v2/proxy/list/', { ...of, mode: 'direct' }, proxySchema, signal);
    if (list.kind !== 'ok') return unknownOf(list);
    const proxies = deliveredOf(request, list.value);
    const isEnough = proxies.length === quantityOf(request) || (request.allowPartial && proxies.length > 0);
    if (!isEnough) return this.giveBack(reference, planId, signal);
    const command = await this.books.conclude(reference, {
      planId,
      productId: request.productId,
      proxies,
      instead: [],
    });
    return outcomeOf<Allocated>(command) ?? { kind: 'unknown', cause: new Error('it was concluded and has no end') };
  }

  /** Less than was ordered, and the buyer wants all or nothing. */
  private async giveBack(reference: string, planId: number, signal: AbortSignal): Promise<Outcome<Allocated>> {
    const answer = await this.client.ask(
      {
        method: 'POST',
        path: `/api/v2/subscription/plan/${String(planId)}/cancel/`,
        body: {},
        schema: cancelSchema,
      },
      signal,
    );
    return answer.kind === 'ok' ? this.refuse(reference, OUT_OF_STOCK) : unknownOf(answer);
  }

  private async refuse(
    reference: string,
    refusal: typeof OUT_OF_STOCK,
  ): Promise<Extract<Outcome<never>, { kind: 'refused' }>> {
    await this.books.refuse(reference, refusal.code, refusal.text);
    return refusal;
  }
}

/** Of each item as many as were ordered, in the order of the items. */
function deliveredOf(request: AllocateRequest, listed: readonly ListedProxy[]): readonly ListedProxy[] {
  const left = [...listed];
  return request.items.flatMap(({ country, quantity }) => {
    const taken = left.filter(({ country_code: code }) => code === country).slice(0, quantity);
    for (const proxy of taken) left.splice(left.indexOf(proxy), 1);
    return taken;
  });
}

function quantityOf({ items }: AllocateRequest): number {
  return items.reduce((sum, { quantity }) => sum + quantity, 0);
}

function countriesOf({ items }: AllocateRequest): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { country, quantity } of items) counts.set(country, (counts.get(country) ?? 0) + quantity);
  return Object.fromEntries(counts);
}
