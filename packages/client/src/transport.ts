// One request, once: sent, answered, or lost. Nothing is repeated here.

/** An answer longer than this is given up. The largest of Lumi's, an export, has a few MiB. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;
/** The connection was never made, so the server got nothing. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const REASON = /^[A-Z][A-Z0-9_]{2,40}$/;

export type Fetch = typeof globalThis.fetch;

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
}

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Lost {
  readonly kind: 'lost';
  readonly isTimeout: boolean;
  /** A code such as ECONNRESET, or an empty text; never a message, which could quote the request. */
  readonly reason: string;
  readonly mayHaveBeenExecuted: boolean;
}

/** Throws only when `signal` is aborted, with its reason. */
export async function sendOnce(
  fetch: Fetch,
  { method, url, headers, body }: Sent,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<Answered | Lost> {
  signal?.throwIfAborted();
  const ending = new AbortController();
  let isTimeout = false;
  const timer = setTimeout(() => {
    isTimeout = true;
    ending.abort();
  }, timeoutMs);
  const abort = (): void => ending.abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    // A redirect is not followed: it would send the key and the body to another address.
    const response = await fetch(url, { method, headers, body, signal: ending.signal, redirect: 'manual' });
    return { kind: 'answered', status: response.status, headers: response.headers, text: await textOf(response) };
  } catch (err) {
    signal?.throwIfAborted();
    const reasons = codesOf(err, 0);
    return {
      kind: 'lost',
      isTimeout,
      reason: reasons[0] ?? '',
      mayHaveBeenExecuted: isTimeout || reasons.length === 0 || !reasons.every((reason) => NEVER_SENT.has(reason)),
    };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

async function textOf(response: Response): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > ANSWER_MAX_BYTES) {
      await reader.cancel();
      throw Object.assign(new Error(), { code: 'ANSWER_TOO_LARGE' });
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The codes of an error, its causes and its parts; fetch wraps the code of the socket. */
function codesOf(err: unknown, depth: number): string[] {
  if (typeof err !== 'object' || err === null || depth > 4) return [];
  const { code, cause, errors } = err as { code?: unknown; cause?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return errors.flatMap((one) => codesOf(one, depth + 1));
  if (typeof code === 'string' && REASON.test(code)) return [code];
  return codesOf(cause, depth + 1);
}

/** Resolves after so many milliseconds; throws the signal's reason when that is aborted. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
  signal?.throwIfAborted();
}
