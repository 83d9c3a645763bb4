// A call on its way: awaited it is the answer, and `withResponse()` has what the headers say as well.

export interface CallOptions {
  /** 8 to 200 printable characters. Money and guarded requests get one of their own if it is absent. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly maxRetries?: number;
  /** For each try, from connecting to the last byte. */
  readonly timeoutMs?: number;
  /** Operators: the account to work on. */
  readonly userId?: string;
  /** Every check, and nothing is bought. */
  readonly dryRun?: boolean;
}
/** @public to the generated methods */
export type Dry = CallOptions & { readonly dryRun: true };
/** @public to the generated methods */
export type Live = CallOptions & { readonly dryRun?: false };

export interface RateLimit {
  /** `regular`, `money` or `public`. */
  readonly policy: string;
  readonly limit: number | null;
  readonly remaining: number;
  /** Seconds until the limit is full again. */
  readonly resetS: number | null;
}

export interface LumiResponse<Data> {
  readonly data: Data;
  readonly status: number;
  readonly requestId: string | null;
  /** The stored answer of an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean;
  readonly rateLimit: RateLimit | null;
}

export class LumiCall<Data> implements PromiseLike<Data> {
  readonly #response: Promise<LumiResponse<Data>>;

  constructor(response: Promise<LumiResponse<Data>>) {
    this.#response = response;
  }

  /** The answer with status, request id, and the state of the limit. */
  async withResponse(): Promise<LumiResponse<Data>> {
    return this.#response;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is its purpose
  then<Good = Data, Bad = never>(
    onGood?: ((data: Data) => Good | PromiseLike<Good>) | null,
    onBad?: ((reason: unknown) => Bad | PromiseLike<Bad>) | null,
  ): Promise<Good | Bad> {
    return this.#response.then(({ data }) => data).then(onGood, onBad);
  }

  catch<Bad = never>(onBad?: ((reason: unknown) => Bad | PromiseLike<Bad>) | null): Promise<Data | Bad> {
    return this.then(null, onBad);
  }

  finally(onEnd?: (() => void) | null): Promise<Data> {
    return this.then().finally(onEnd);
  }
}

/** From `RateLimit: "regular";r=119;t=1` and `RateLimit-Policy: "regular";q=120;w=60`. */
export function rateLimitOf(headers: Headers): RateLimit | null {
  const state = headers.get('ratelimit') ?? '';
  const policy = /^\s*"([^"]*)"/.exec(state)?.[1];
  const remaining = field(state, 'r');
  if (policy === undefined || remaining === null) return null;
  const policies = (headers.get('ratelimit-policy') ?? '').split(',');
  const own = policies.find((one) => one.trim().startsWith(`"${policy}"`)) ?? '';
  return { policy, remaining, resetS: field(state, 't'), limit: field(own, 'q') };
}

function field(text: string, name: string): number | null {
  const digits = new RegExp(`;\\s*${name}=(\\d+)`).exec(text)?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 10);
}
