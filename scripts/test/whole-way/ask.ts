// One request and its answer, over a real socket.
import type { Pool as HttpPool } from 'undici';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Parsed if it is JSON, otherwise the text. */
  readonly body: unknown;
  readonly headers: Record<string, string | string[] | undefined>;
}

export interface Sent {
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly body?: string;
  /** Several values are several lines. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** Asks at this address. */
export async function ask(way: HttpPool, method: string, path: string, options: Sent): Promise<Answer> {
  const answer = await way.request({
    method: method as 'GET',
    path,
    headers: {
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const text = await answer.body.text();
  const isJson = String(answer.headers['content-type']).startsWith('application/json');
  return {
    status: answer.statusCode,
    text,
    body: isJson ? (JSON.parse(text) as unknown) : text,
    headers: answer.headers,
  };
}
