// How customers send requests: names and keys that no other customer of the run uses, waiting until an answer is final,
// and a record of the answers.
import type { Random } from '../random';
import type { Buyer } from '../system/accounts';
import { pause, STEP_LIMIT_MS } from '../waiting';
import type { Answer } from './answer';
import { codeOf, type BuyerRequest, type GatewayClient, type History, type Send } from './client';
import { factOf, SHOPS, type Owned } from './shops';

const TRIES = 4;

export interface AskingOptions {
  readonly gateways: GatewayClient;
  readonly history: History;
  readonly random: Random;
  readonly buyers: readonly Buyer[];
}

export class Asking {
  /** The customers go home. */
  isOver = false;
  protected readonly gateways: GatewayClient;
  protected readonly history: History;
  protected readonly random: Random;
  /** Part of every name of this run. */
  protected readonly tag: string;
  private readonly owned: ReadonlyMap<Buyer, Owned[]>;
  private names = 0;
  private keys = 0;

  constructor({ gateways, history, random, buyers }: AskingOptions) {
    this.gateways = gateways;
    this.history = history;
    this.random = random;
    this.tag = `x${(random.stream('tag').next() * 1e9).toString(36).replace(/\W/g, '').slice(0, 5)}`;
    this.owned = new Map(buyers.map((buyer) => [buyer, []]));
  }

  /** Unlike any other of the run. */
  label(): string {
    this.names += 1;
    return `${this.tag}n${this.names}`;
  }

  /** A domain whose registration ends so. */
  name(ending: string): string {
    return `${ending}-${this.label()}.test`;
  }

  key(): string {
    this.keys += 1;
    return `torture-${this.tag}-${this.keys}`;
  }

  /** Sends a request. Where the answer does not settle it, most customers ask again, through the other gateway. */
  async insist(request: BuyerRequest, random: Random): Promise<Send> {
    const first = random.between(0, 1);
    for (let tries = 0; ; tries += 1) {
      const send = await this.gateways.send(request, (first + tries) % 2);
      this.learn(request, send);
      if (send.kind === 'ok' && (send.status !== 202 || send.json?.batch_id !== undefined)) return send;
      if (send.kind === 'fail' && codeOf(send) !== 'in_progress') return send;
      if (tries + 1 >= TRIES || !random.chance(0.7) || this.isOver) return send;
      await pause(random.between(150, 900));
    }
  }

  /**
   * As a customer who does not give up: through one gateway and the other until the answer is the last one. `onMissed`
   * hears of it where there is none in time.
   */
  async untilAnswered(request: BuyerRequest, onMissed: (what: string) => void): Promise<Send> {
    const endAt = performance.now() + STEP_LIMIT_MS;
    for (let tries = 0; ; tries += 1) {
      const send = await this.gateways.send(request, tries % 2);
      this.learn(request, send);
      const isOpen =
        send.kind === 'unknown' ||
        codeOf(send) === 'in_progress' ||
        (send.status === 202 && send.json?.batch_id === undefined);
      if (!isOpen) return send;
      if (performance.now() > endAt) {
        onMissed(`an answer to ${request.key}`);
        return send;
      }
      await pause(250);
    }
  }

  /** What an answer says for ever. */
  learn(request: BuyerRequest, { kind, json }: Send): void {
    if (kind !== 'ok' || json === null || json === undefined) return;
    const results = request.about.what === 'bulk' ? (json.items ?? []).flatMap(({ result }) => result ?? []) : [json];
    for (const result of results) this.remember(request.buyer, result);
  }

  /** The order of an answer, and what the buyer owns by it. */
  remember(buyer: Buyer, answer: Answer): void {
    const fact = factOf(answer.order);
    if (fact !== null) this.history.fact(fact);
    const list = this.owned.get(buyer);
    if (list === undefined) return; // co-owners look after what they share
    for (const thing of SHOPS[buyer.product].boughtBy(answer))
      if (!list.some(({ id }) => id === thing.id)) list.push(thing);
  }

  /** What the buyer owns and may renew. */
  ownedBy(buyer: Buyer): Owned[] {
    return this.owned.get(buyer) ?? [];
  }

  async read(buyer: Buyer, path: string, random: Random): Promise<Send> {
    return this.gateways.send(
      this.history.request({ buyer, method: 'GET', path, about: { what: 'read' } }),
      random.between(0, 1),
    );
  }
}
