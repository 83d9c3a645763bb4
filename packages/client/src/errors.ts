// What a call can end with besides an answer. No error holds a key, a secret, or the request that was sent.

export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

export interface ErrorFacts {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** A code of `GET /errors`; `connection_error`, `timeout` or `unexpected_answer` when Lumi did not answer. */
  readonly code: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
  /** Quote it when you ask about the request. */
  readonly requestId: string | null;
  /** Seconds to wait, as the server said. */
  readonly retryAfter: number | null;
  /**
   * The same call may be sent again, with the same `idempotencyKey` if there is one, and is never carried out twice.
   */
  readonly isRetrySafe: boolean;
  /** The Idempotency-Key of the request, also when the client made it. */
  readonly idempotencyKey: string | null;
}

export class LumiError extends Error implements ErrorFacts {
  override readonly name: string = 'LumiError';
  readonly status: number;
  readonly code: string;
  readonly details: readonly ErrorDetail[];
  readonly requestId: string | null;
  readonly retryAfter: number | null;
  readonly isRetrySafe: boolean;
  readonly idempotencyKey: string | null;

  constructor({ status, code, message, details, requestId, retryAfter, isRetrySafe, idempotencyKey }: ErrorFacts) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
    this.isRetrySafe = isRetrySafe;
    this.idempotencyKey = idempotencyKey;
  }

  toJSON(): Record<string, unknown> {
    const { name, message, status, code, details, requestId, retryAfter, isRetrySafe, idempotencyKey } = this;
    return { name, message, status, code, details, requestId, retryAfter, isRetrySafe, idempotencyKey };
  }
}

export interface LossFacts {
  readonly code: string;
  readonly message: string;
  /** Whether the server may have got the request, and carried it out. */
  readonly mayHaveBeenExecuted: boolean;
  readonly isRetrySafe: boolean;
  readonly idempotencyKey: string | null;
}

/** There was no answer: the connection was refused, lost, or ended within the answer. */
export class LumiConnectionError extends LumiError {
  override readonly name: string = 'LumiConnectionError';
  readonly mayHaveBeenExecuted: boolean;

  constructor({ mayHaveBeenExecuted, ...facts }: LossFacts) {
    super({ ...facts, status: 0, details: [], requestId: null, retryAfter: null });
    this.mayHaveBeenExecuted = mayHaveBeenExecuted;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), mayHaveBeenExecuted: this.mayHaveBeenExecuted };
  }
}

/** The time was over before there was an answer; or what was waited for is still running. */
export class LumiTimeoutError extends LumiConnectionError {
  override readonly name: string = 'LumiTimeoutError';
}
