// Where the contract tests take what an operation needs: a customer with money, a stranger, an operator, and things
// bought for the occasion.
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

  /** Another number each time, in all worlds of a file: two customers never want one name. */
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

  /** Made by the first that needs it. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const known = this.kept.get(name) as Promise<T> | undefined;
    const made = known ?? make();
    this.kept.set(name, made);
    return made;
  }

  /** The supplier has had its time, and what was waiting is done. */
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

/** How an operation is called so that it succeeds, and what is special about it. */
export interface Recipe {
  /** Made once; the refusals of this very call are tried before it is let through. */
  readonly call: (world: World) => Call | Promise<Call>;
  /** Of the good answer; where the document has several. */
  readonly status?: number;
  /** The same for everybody: nobody's object can be foreign. */
  readonly isCatalogue?: boolean;
  /** Path parameters that need not name anything that exists. */
  readonly open?: readonly string[];
  /**
   * Fields and path parts that the supplier alone can judge: a wrong one costs nothing, and leaves that it was asked.
   */
  readonly atSupplier?: readonly string[];
  /** Money requests that are not refused for want of balance or cap. */
  readonly isFree?: boolean;
  /** Further answers that it promises, each with its status. */
  readonly also?: readonly {
    readonly what: string;
    readonly call: (world: World) => Call | Promise<Call>;
    readonly status: number;
  }[];
}

export type Recipes = Readonly<Record<string, Recipe>>;
