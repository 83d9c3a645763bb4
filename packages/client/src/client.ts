// The client of one product: calls with their retries, and a method for each operation.
import { LumiCall, rateLimitOf, type CallOptions, type LumiResponse } from './call';
import { LumiConnectionError, LumiError, LumiTimeoutError, type ErrorDetail } from './errors';
import { readTable, type Operation } from './operation-table';
import { followEvents } from './follow';
import { LumiPages } from './pages';
import { prepare, type Input, type Prepared } from './request';
import { delayMs, isWorthRepeating, retryAfterOf } from './retries';
import { readSettings, retries, timeout, type LumiOptions, type Product, type Settings } from './settings';
import type { InputOf, ItemOf, TextAnswerOf } from './shapes';
import { signatureHeaders } from './signing';
import { pause, sendOnce, type Answered, type Lost } from './transport';
import { waitForBatch, waitForOperation, type AnyCall } from './waits';

type Arguments<Op> =
  Record<never, never> extends InputOf<Op>
    ? [input?: InputOf<Op>, options?: CallOptions]
    : [input: InputOf<Op>, options?: CallOptions];

export abstract class LumiClient<Operations, Lists extends keyof Operations> {
  readonly #settings: Settings;
  readonly #operations: Map<string, Operation>;

  constructor(product: Product, table: Readonly<Record<string, string>>, options: LumiOptions) {
    this.#settings = readSettings(product, options);
    this.#operations = readTable(table);
    for (const operation of this.#operations.values()) this.#addMethod(operation);
    this.#addExtras();
  }

  /** Any operation, by its id in the OpenAPI document. */
  call<Id extends keyof Operations & string>(
    operationId: Id,
    ...[input, options]: Arguments<Operations[Id]>
  ): LumiCall<TextAnswerOf<Operations[Id]>> {
    return this.#call(this.#operation(operationId), (input ?? {}) as Input, options ?? {});
  }

  /** A list to its end: `for await` gives each item once; `.pages()` gives page by page. */
  paginate<Id extends Lists & string>(
    operationId: Id,
    ...[input, options]: Arguments<Operations[Id]>
  ): LumiPages<ItemOf<Operations[Id]>> {
    const operation = this.#operation(operationId);
    if (!operation.hasPages) throw new TypeError(`${operationId} is not a list.`);
    const given = (input ?? {}) as Input;
    return new LumiPages(async (cursor) => {
      const query = cursor === null ? given.query : { ...given.query, cursor };
      return this.#call(operation, { ...given, ...(query === undefined ? {} : { query }) }, options ?? {});
    });
  }

  #operation(id: string): Operation {
    const operation = this.#operations.get(id);
    if (operation === undefined) throw new TypeError(`There is no operation ${JSON.stringify(id)} in this API.`);
    return operation;
  }

  /** `client.<resource>.<name>(…path parts, body or query, options)` */
  #addMethod(operation: Operation): void {
    const resources = this as unknown as Record<string, Record<string, unknown>>;
    const { resource, name, pathParams, hasBody, hasQuery } = operation;
    const methods = (resources[resource] ??= {});
    methods[name] = (...args: unknown[]) => {
      const path = Object.fromEntries(pathParams.map((param, index) => [param, args[index] as string]));
      const rest = args.slice(pathParams.length);
      const given = hasBody || hasQuery ? rest.shift() : undefined;
      const input =
        hasBody && hasQuery ? (given as Input) : hasBody ? { body: given } : { query: given as Input['query'] };
      return this.#call(operation, { ...input, path } as Input, (rest[0] ?? {}) as CallOptions);
    };
  }

  #addExtras(): void {
    const call: AnyCall = (id, input, options) => this.#call(this.#operation(id), input, options);
    const ack = [...this.#operations.values()].find(({ method, path }) => method === 'POST' && path === '/events/ack');
    const extras = {
      operations: { wait: async (id: string, options = {}) => waitForOperation(call, id, options) },
      batches: { wait: async (id: string, options = {}) => waitForBatch(call, id, options) },
      events: { follow: (options = {}) => followEvents(call, ack?.id ?? null, options) },
    };
    const resources = this as unknown as Record<string, Record<string, unknown>>;
    for (const [name, methods] of Object.entries(extras)) Object.assign((resources[name] ??= {}), methods);
  }

  #call<Data>(operation: Operation, input: Input, options: CallOptions): LumiCall<Data> {
    return new LumiCall<Data>(this.#respond(operation, input, options));
  }

  async #respond<Data>(operation: Operation, input: Input, options: CallOptions): Promise<LumiResponse<Data>> {
    const { base, signingSecret } = this.#settings;
    const maxRetries = retries(options.maxRetries ?? this.#settings.maxRetries);
    const timeoutMs = timeout(options.timeoutMs ?? this.#settings.timeoutMs);
    const prepared = prepare(operation, input, options, { base, signs: signingSecret !== null });
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#send(operation, prepared, timeoutMs, options.signal);
      if ('data' in outcome) return responseOf(outcome, outcome.data as Data);
      const retryAfter = outcome.kind === 'answered' ? retryAfterOf(outcome.headers, Date.now()) : null;
      const refusal = outcome.kind === 'answered' ? refusalOf(outcome) : null;
      const wait = isWorthRepeating(outcome, refusal?.code ?? null, prepared)
        ? delayMs(attempt, retryAfter, Math.random())
        : null;
      if (attempt >= maxRetries || wait === null) throw this.#errorOf(outcome, refusal, retryAfter, prepared);
      await pause(wait, options.signal);
    }
  }

  async #send(
    { method }: Operation,
    { url, target, headers, body, isSigned, idempotencyKey }: Prepared,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Succeeded | Answered | Lost> {
    const { apiKey, signingSecret, signing, fetch } = this.#settings;
    const toSign = { method, target, idempotencyKey: idempotencyKey ?? '', body: body ?? new Uint8Array() };
    const signature =
      isSigned && signingSecret !== null
        ? await signatureHeaders(signing, signingSecret, toSign, Math.floor(Date.now() / 1_000))
        : {};
    const sent = { method, url, body, headers: { ...headers, ...signature, authorization: `Bearer ${apiKey}` } };
    return read(await sendOnce(fetch, sent, { timeoutMs, signal }));
  }

  #errorOf(
    outcome: Answered | Lost,
    refusal: Refusal | null,
    retryAfter: number | null,
    { idempotencyKey, isRepeatable }: Prepared,
  ): LumiError {
    if (outcome.kind === 'lost') {
      const { isTimeout, reason, mayHaveBeenExecuted } = outcome;
      const facts = { mayHaveBeenExecuted, idempotencyKey, isRetrySafe: isRepeatable || !mayHaveBeenExecuted };
      const known = mayHaveBeenExecuted ? 'may have been' : 'was not';
      const why = `${reason === '' ? '' : ` (${reason})`}; the request ${known} carried out.`;
      return isTimeout
        ? new LumiTimeoutError({ ...facts, code: 'timeout', message: `No answer in time${why}` })
        : new LumiConnectionError({ ...facts, code: 'connection_error', message: `No answer${why}` });
    }
    const { status, headers } = outcome;
    const { code, message, details, requestId } = refusal ?? unexpected(status);
    return new LumiError({
      status,
      code,
      message: this.#withoutSecrets(message),
      details: details.map((one) => ({
        path: this.#withoutSecrets(one.path),
        message: this.#withoutSecrets(one.message),
      })),
      requestId: requestId ?? headers.get('x-request-id'),
      retryAfter,
      idempotencyKey,
      isRetrySafe: isRepeatable || (status >= 400 && status < 500) || status === 503,
    });
  }

  /** Lumi repeats no secret; another server between could. */
  #withoutSecrets(text: string): string {
    const { apiKey, signingSecret } = this.#settings;
    const cleaned = text.replaceAll(apiKey, '[secret]');
    return signingSecret === null ? cleaned : cleaned.replaceAll(signingSecret, '[secret]');
  }
}

/** Answered with success, and cut or spoilt on its way. */
const BROKEN: Lost = { kind: 'lost', isTimeout: false, reason: 'BROKEN_ANSWER', mayHaveBeenExecuted: true };

type Succeeded = Answered & { readonly data: unknown };

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
  readonly requestId: string | null;
}

/** With its data, if it is a success. Text is Lumi's only with a request id: a portal between may answer 200. */
function read(outcome: Answered | Lost): Succeeded | Answered | Lost {
  if (outcome.kind === 'lost' || outcome.status < 200 || outcome.status >= 300) return outcome;
  const { headers, text } = outcome;
  if (!(headers.get('content-type') ?? '').includes('json'))
    return headers.has('x-request-id') ? { ...outcome, data: text } : outcome;
  try {
    return { ...outcome, data: JSON.parse(text) as unknown };
  } catch {
    return BROKEN;
  }
}

function responseOf<Data>({ status, headers }: Answered, data: Data): LumiResponse<Data> {
  return {
    data,
    status,
    requestId: headers.get('x-request-id'),
    replayed: headers.get('idempotent-replayed') === 'true',
    rateLimit: rateLimitOf(headers),
  };
}

function unexpected(status: number): Refusal {
  const message = `The answer (status ${String(status)}) is not one of Lumi's: is baseUrl the address of the gateway?`;
  return { code: 'unexpected_answer', message, details: [], requestId: null };
}

/** An error body of Lumi, or null: something between may answer in its own way. */
function refusalOf({ text }: Answered): Refusal | null {
  try {
    const {
      code,
      message,
      details,
      request_id: requestId,
    } = (JSON.parse(text) as { error: Record<string, unknown> }).error;
    if (typeof code !== 'string' || typeof message !== 'string') return null;
    const list = Array.isArray(details) ? (details as Partial<ErrorDetail>[]) : [];
    return {
      code,
      message,
      details: list.map((one) => ({ path: String(one.path ?? ''), message: String(one.message ?? '') })),
      requestId: typeof requestId === 'string' ? requestId : null,
    };
  } catch {
    return null;
  }
}
