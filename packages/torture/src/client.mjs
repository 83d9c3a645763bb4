// What a customer does and remembers: every request with every answer it got, or that it got none. Loopback only,
// bounded in number and time.
import { Pool } from 'undici';
import { BASE_PATHS } from './system-settings.mjs';

const ANSWER_LIMIT_MS = 4_500;
const REQUESTS_MAX = 6_000;

/** All that was asked and answered in a run. */
export class History {
  constructor() {
    this.requests = [];
    this.facts = [];
    /** Batches that a customer was told of: whose, and the refs of their items. */
    this.batches = new Map();
    /** Interesting things that customers met. */
    this.reached = new Set();
  }

  /** A request as it can be repeated: same key, same bytes. Without a buyer `path` is the whole path. */
  request({ buyer, method = 'POST', path, body, key, about }) {
    const request = {
      buyer,
      method,
      path,
      body: body === undefined ? undefined : JSON.stringify(body),
      key,
      about,
      sends: [],
    };
    this.requests.push(request);
    return request;
  }

  /** Something an answer said that can never become untrue. */
  fact(fact) {
    this.facts.push(fact);
  }
}

export class Doors {
  constructor(origins) {
    this.pools = origins.map((origin) => {
      if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(origin)) throw new Error('the workload is sent to loopback only');
      return new Pool(origin, {
        connections: 24,
        pipelining: 1,
        headersTimeout: ANSWER_LIMIT_MS,
        bodyTimeout: ANSWER_LIMIT_MS,
        connectTimeout: 2_000,
        keepAliveTimeout: 2_000,
      });
    });
    this.sent = 0;
  }

  /** Sends it once and notes the answer; `kind` is ok, fail (an answer that refuses) or unknown. */
  async send(request, door) {
    this.sent += 1;
    if (this.sent > REQUESTS_MAX) throw new Error(`more than ${REQUESTS_MAX} requests in one run`);
    const send = { door, kind: 'unknown' };
    request.sends.push(send);
    try {
      const answer = await this.pools[door].request({
        path: request.buyer === null ? request.path : `${BASE_PATHS[request.buyer.product]}${request.path}`,
        method: request.method,
        headers: {
          ...(request.buyer === null ? {} : { authorization: `Bearer ${request.buyer.key}` }),
          ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      });
      send.bytes = Buffer.from(await answer.body.arrayBuffer());
      send.status = answer.statusCode;
      send.isReplay = answer.headers['idempotent-replayed'] === 'true';
      send.json = /json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(send.bytes.toString()) : null;
      send.kind =
        send.status < 400
          ? 'ok'
          : send.status >= 500 && send.json?.error?.code !== 'supplier_error'
            ? 'unknown'
            : 'fail';
    } catch (err) {
      send.error = err.code ?? err.name;
    }
    return send;
  }

  close() {
    return Promise.all(this.pools.map((pool) => pool.destroy()));
  }
}

export function codeOf(send) {
  return send.json?.error?.code;
}
