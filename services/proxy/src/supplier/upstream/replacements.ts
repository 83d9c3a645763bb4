// Replacements at the supplier: a dry run first, then once in earnest, found by its note when the answer is lost.
import { setTimeout } from 'node:timers/promises';
import type { Outcome } from '@lumi/shared/purchase';
import type { Allocated, ReplaceRequest } from '../proxy-network';
import { proxySchema, replacedSchema, replacementSchema, type ListedProxy } from './answers';
import type { BookedExit, Command, UpstreamBooks } from './books';
import type { UpstreamClient } from './client';
import { GONE, NO_ENTRY, notOffered, OUT_OF_STOCK, outcomeOf, SUPPLIER_REFUSED, unknownOf } from './outcomes';

const PATH = '/api/v3/proxy/replace/';
const CHECK_AFTER_MS = 1_000;
const DRY_RUN_LOOKS = 8;
const DRY_RUN_EVERY_MS = 150;

/** What the intent keeps. */
interface Intent {
  readonly planId: number;
  readonly productId: string;
  /** In the order of the request. */
  readonly removed: readonly { readonly networkId: string; readonly address: string; readonly country: string }[];
}

export class UpstreamReplacements {
  constructor(
    private readonly client: UpstreamClient,
    private readonly books: UpstreamBooks,
  ) {}

  async send(reference: string, request: ReplaceRequest, signal: AbortSignal): Promise<Outcome<Allocated>> {
    const before = await this.books.find(reference);
    if (before !== null) return this.settle(before, signal);
    if (request.differentSubnet) return notOffered('Another subnet cannot be chosen.');
    const exits = await this.books.exits(request.remove);
    const [first] = exits;
    if (first === undefined || exits.length !== request.remove.length) return GONE;
    if (exits.some((exit) => exit.plan_id !== first.plan_id))
      return notOffered('Only proxies of one order can be replaced together.');
    const intent = intentOf(request, first.plan_id, exits);
    const refused = await this.tryDry(intent, signal);
    if (refused !== null) return refused;
    const begun = await this.books.begin(reference, 'replace', { request: intent, entries: intent.removed.length });
    if (begun === 'no-entry') return NO_ENTRY;
    if (begun === 'other') return { kind: 'unknown', cause: new Error('another process sends it') };
    const answer = await this.post(intent, { dry_run: false, note: reference }, signal);
    switch (answer.kind) {
      case 'ok':
        await this.books.noteSupplierId(reference, answer.value.id);
        return this.collect(reference, intent, answer.value.id, signal);
      case 'refused':
        await this.books.refuse(reference, SUPPLIER_REFUSED.code, SUPPLIER_REFUSED.text);
        return SUPPLIER_REFUSED;
      case 'unavailable':
        await this.books.forget(reference);
        return { kind: 'unknown', cause: answer.cause };
      case 'unknown':
        return answer;
    }
  }

  async settle(command: Command, signal: AbortSignal): Promise<Outcome<Allocated>> {
    const ended = outcomeOf<Allocated>(command);
    if (ended !== null) return ended;
    const intent = command.request as unknown as Intent; // as it was written
    if (command.supplier_id !== null) return this.collect(command.reference, intent, command.supplier_id, signal);
    const query = { plan_id: intent.planId, note: command.reference };
    const found = await this.client.list(PATH, query, replacementSchema, signal);
    if (found.kind !== 'ok') return unknownOf(found);
    const ours = found.value.filter(({ note, dry_run: isDry }) => note === command.reference && !isDry);
    const [replacement] = ours;
    if (replacement === undefined || ours.length > 1)
      return {
        kind: 'unknown',
        cause: new Error(`the supplier has ${String(ours.length)} replacements with the note ${command.reference}`),
      };
    await this.books.noteSupplierId(command.reference, replacement.id);
    return this.collect(command.reference, intent, replacement.id, signal);
  }

  /** Null: it would succeed. It changes nothing at the supplier. */
  private async tryDry(intent: Intent, signal: AbortSignal): Promise<Outcome<Allocated> | null> {
    const begun = await this.post(intent, { dry_run: true }, signal);
    if (begun.kind === 'refused') return OUT_OF_STOCK;
    if (begun.kind !== 'ok') return unknownOf(begun);
    for (let look = 0; look < DRY_RUN_LOOKS; look += 1) {
      const now = await this.read(begun.value.id, signal);
      if (now.kind !== 'ok') return unknownOf(now);
      if (now.value.state === 'validated') return null;
      if (now.value.state === 'failed') return OUT_OF_STOCK;
      await setTimeout(DRY_RUN_EVERY_MS, undefined, { signal });
    }
    return { kind: 'unknown', cause: new Error('the dry run has no end') };
  }

  private async collect(
    reference: string,
    intent: Intent,
    id: number,
    signal: AbortSignal,
  ): Promise<Outcome<Allocated>> {
    const now = await this.read(id, signal);
    if (now.kind !== 'ok') return unknownOf(now);
    if (now.value.note !== reference)
      return { kind: 'unknown', cause: new Error(`replacement ${String(id)} has another note`) };
    if (now.value.state === 'failed') {
      await this.books.refuse(reference, SUPPLIER_REFUSED.code, SUPPLIER_REFUSED.text);
      return SUPPLIER_REFUSED;
    }
    if (now.value.state !== 'completed')
      return { kind: 'pending', supplierRef: `ups-r${String(id)}`, checkAfterMs: CHECK_AFTER_MS };
    const of = { plan_id: intent.planId };
    const query = { ...of, proxy_list_replacement: id };
    const replaced = await this.client.list('/api/v2/proxy/list/replaced/', query, replacedSchema, signal);
    if (replaced.kind !== 'ok') return unknownOf(replaced);
    const list = await this.client.list('/api/v2/proxy/list/', { ...of, mode: 'direct' }, proxySchema, signal);
    if (list.kind !== 'ok') return unknownOf(list);
    const fresh = new Set(replaced.value.map(({ replaced_with: address }) => address));
    const proxies = inPlaceOf(
      intent,
      list.value.filter(({ proxy_address: address }) => fresh.has(address)),
    );
    if (proxies === null)
      return {
        kind: 'unknown',
        cause: new Error(`replacement ${String(id)} brought something else than was asked for`),
      };
    const command = await this.books.conclude(reference, {
      planId: intent.planId,
      productId: intent.productId,
      proxies,
      instead: intent.removed.map(({ networkId }) => networkId),
    });
    return outcomeOf<Allocated>(command) ?? { kind: 'unknown', cause: new Error('it was concluded and has no end') };
  }

  private read(id: number, signal: AbortSignal) {
    return this.client.ask({ method: 'GET', path: `${PATH}${String(id)}/`, schema: replacementSchema }, signal);
  }

  private post({ planId, removed }: Intent, how: { dry_run: boolean; note?: string }, signal: AbortSignal) {
    const countries = [...new Set(removed.map(({ country }) => country))];
    return this.client.ask(
      {
        method: 'POST',
        path: PATH,
        query: { plan_id: planId },
        body: {
          to_replace: { type: 'ip_address', ip_addresses: removed.map(({ address }) => address) },
          replace_with: countries.map((country) => ({
            type: 'country',
            country_code: country,
            count: removed.filter((one) => one.country === country).length,
          })),
          ...how,
        },
        schema: replacementSchema,
      },
      signal,
    );
  }
}

/** The country is that of the new address. */
function intentOf(request: ReplaceRequest, planId: number, exits: readonly BookedExit[]): Intent {
  const byId = new Map(exits.map((exit) => [exit.network_id, exit]));
  const removed = request.remove.map((networkId) => {
    const exit = byId.get(networkId);
    return { networkId, address: exit?.address ?? '', country: request.country ?? exit?.country ?? '' };
  });
  return { planId, productId: request.productId, removed };
}

/** One for each removed address, in its country. Null: they do not fit. */
function inPlaceOf({ removed }: Intent, fresh: readonly ListedProxy[]): readonly ListedProxy[] | null {
  const left = [...fresh];
  const taken = removed.flatMap(({ country }) => {
    const found = left.findIndex(({ country_code: code }) => code === country);
    return found < 0 ? [] : left.splice(found, 1);
  });
  return taken.length === removed.length && left.length === 0 ? taken : null;
}
