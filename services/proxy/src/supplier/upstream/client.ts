// The HTTP edge to the supplier. Every failure is translated here: *refused* (the supplier said no), *unavailable*
// (nothing can have happened) or *unknown* (something may have happened). Nothing is sent twice by it.
import { Pool } from 'undici';
import type { z } from 'zod';
import { elapsedMs, wasNotReached } from '@lumi/shared/runtime';
import { errorSchema, PAGE_SIZE, pageOf } from './answers';

export type Answered<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** `code`: the supplier's word. */
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unavailable'; readonly cause: unknown }
  | { readonly kind: 'unknown'; readonly cause: unknown };

export interface UpstreamClientOptions {
  readonly url: string;
  readonly token: string;
  /** For one request, from connecting to the last byte. */
  readonly timeoutMs: number;
}

interface Question<T> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: object;
  readonly schema: z.ZodType<T>;
}

const ANSWER_MAX_BYTES = 1_000_000;
const CONNECTIONS = 8;
/** A list of more pages than this cannot be looked through. */
const PAGES_MAX = 20;
const PAUSE_DEFAULT_S = 5;
const PAUSE_MAX_S = 60;

export class UpstreamClient {
  private readonly pool: Pool;
  private readonly prefix: string;
  private pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: UpstreamClientOptions) {
    const url = new URL(options.url);
    const { timeoutMs } = options;
    this.prefix = url.pathname.replace(/\/$/, '');
    this.pool = new Pool(url.origin, {
      connections: CONNECTIONS,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: ANSWER_MAX_BYTES,
    });
  }

  /** The supplier has asked to wait (429): until then nothing is sent. */
  get isPaused(): boolean {
    return elapsedMs() < this.pausedUntilMs;
  }

  async ask<T>(question: Question<T>, signal: AbortSignal): Promise<Answered<T>> {
    if (this.isPaused) return { kind: 'unavailable', cause: new Error('the supplier has asked to wait') };
    const { method, path, query = {}, body, schema } = question;
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    try {
      const answer = await this.pool.request({
        method,
        path: `${this.prefix}${path}${search === '' ? '' : `?${search}`}`,
        headers: {
          authorization: `Token ${this.options.token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // The pool's own limits begin anew with every byte.
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.options.timeoutMs)]),
      });
      if (answer.statusCode === 429) this.pause(answer.headers['retry-after']);
      return read(answer.statusCode, await answer.body.text(), schema);
    } catch (cause) {
      return { kind: wasNotReached(cause) ? 'unavailable' : 'unknown', cause };
    }
  }

  /** All pages of a list, or none. */
  async list<T>(
    path: string,
    query: Readonly<Record<string, string | number | boolean>>,
    item: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Answered<readonly T[]>> {
    const all: T[] = [];
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const answer = await this.ask(
        { method: 'GET', path, query: { ...query, page, page_size: PAGE_SIZE }, schema: pageOf(item) },
        signal,
      );
      if (answer.kind !== 'ok') return answer;
      all.push(...answer.value.results);
      if (answer.value.next === null) return { kind: 'ok', value: all };
    }
    return { kind: 'unknown', cause: new Error('the list is too long to look through') };
  }

  private pause(header: string | string[] | undefined): void {
    const seconds = Number(header);
    const pauseS = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, PAUSE_MAX_S) : PAUSE_DEFAULT_S;
    this.pausedUntilMs = elapsedMs() + pauseS * 1_000;
  }
}

/** Refused before anything was done: our token, our rate, or a request that the supplier does not have. */
const NOTHING_DONE: ReadonlySet<number> = new Set([401, 403, 405, 429]);
const REFUSED: ReadonlySet<number> = new Set([400, 402, 404, 422]);

/** Only the supplier's own JSON is a refusal: a bare 4xx may come from a proxy after the request went through. */
function read<T>(status: number, text: string, schema: z.ZodType<T>): Answered<T> {
  const cause = new Error(`the supplier answered ${String(status)}`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { kind: 'unknown', cause: new Error(`the supplier answered ${String(status)} with no JSON`) };
  }
  if (status >= 200 && status < 300) {
    const parsed = schema.safeParse(body);
    return parsed.success ? { kind: 'ok', value: parsed.data } : { kind: 'unknown', cause: parsed.error };
  }
  if (NOTHING_DONE.has(status)) return { kind: 'unavailable', cause };
  const refusal = REFUSED.has(status) ? errorSchema.safeParse(body) : null;
  return refusal?.success === true ? { kind: 'refused', code: refusal.data } : { kind: 'unknown', cause };
}
