// What the contract tests need for an operation: a customer with money, another customer, an operator, and objects
// bought on demand.
import { randomBytes } from 'node:crypto';
import { BASE_PATHS, type Product } from '@lumi/shared/contract';
import type { Answer, Buyer, Operator, wholeWay } from '../whole-way';

export type Lumi = ReturnType<typeof wholeWay>;

export class World {
  readonly base: string;
  private readonly kept = new Map<string, Promise<unknown>>();
  private static count = 0;

  constructor(
    readonly lumi: Lumi,
    readonly product: Product,
    readonly who: Buyer,
    readonly stranger: Buyer,
    readonly operator: Operator,
  ) {
    this.base = BASE_PATHS[product];
  }

  /** Another number each time, in all worlds of a file, so that two customers never use one name. */
  number(): number {
    World.count += 1;
    return World.count;
  }

  /** Another word each time. */
  fresh(word: string): string {
    return `${word}-${String(this.number())}`;
  }

  get<T>(path: string): Promise<T> {
    return this.expected(this.lumi.request(this.who, 'GET', path));
  }

  send<T>(method: string, path: string, body?: object): Promise<T> {
    return this.expected(this.lumi.request(this.who, method, path, body));
  }

  pay<T>(path: string, body: object, idempotencyKey = randomBytes(9).toString('hex')): Promise<T> {
    return this.expected(this.lumi.pay(this.who, path, body, idempotencyKey));
  }

  administer<T>(method: string, path: string, body?: object): Promise<T> {
    return this.expected(this.lumi.request(this.operator, method, path, body));
  }

  /** Made by the first caller that needs it. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const known = this.kept.get(name) as Promise<T> | undefined;
    const made = known ?? make();
    this.kept.set(name, made);
    return made;
  }

  /** The supplier has had time, and waiting work is done. */
  async settle(): Promise<void> {
    await this.lumi.round(this.product);
  }

  private async expected<T>(sent: Promise<Answer>): Promise<T> {
    const answer = await sent;
    if (answer.status >= 300) throw new Error(`arranging failed with ${String(answer.status)}: ${answer.text}`);
    return answer.body as T;
  }
}

export interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How to call an operation so that it succeeds, and its special cases. */
export interface Recipe {
  /** Made once; the refusals of exactly this call are tried before it succeeds. */
  readonly call: (world: World) => Call | Promise<Call>;
  /** The status of the successful answer, when the document has several. */
  readonly status?: number;
  /** The same for all callers: no object of another account exists. */
  readonly isCatalogue?: boolean;
  /** Path parameters that need not name an existing object. */
  readonly open?: readonly string[];
  /** Fields and path parts that only the supplier can check: a wrong one costs nothing, but the request is recorded. */
  readonly atSupplier?: readonly string[];
  /** Money requests that are never refused for balance or cap. */
  readonly isFree?: boolean;
  /** Further documented answers, each with its status. */
  readonly also?: readonly {
    readonly what: string;
    readonly call: (world: World) => Call | Promise<Call>;
    readonly status: number;
  }[];
}

export type Recipes = Readonly<Record<string, Recipe>>;
