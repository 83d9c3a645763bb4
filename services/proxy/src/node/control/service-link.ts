// The node's side of `/internal/nodes/…`: HTTP and JSON, bounded in time and size. What it throws is a ServiceFault,
// whose text goes into the log and names no token.
import http from 'node:http';
import https from 'node:https';
import type { z } from 'zod';
import type * as protocol from '../../nodes/protocol';
import type { Reported } from './reports';
import {
  accessAnswer,
  changeOf,
  notTaken,
  PROTOCOL,
  registered,
  taken,
  type AccessChange,
  type ExchangeAnswer,
  type Registered,
} from './wire';

/** What an exchange says, with what is billed by nothing and never a reason to refuse the rest. */
export type ExchangeBody = protocol.ExchangeBody & Reported;

export interface AccessQuestion {
  readonly after: number;
  /** How long it waits for something new. */
  readonly waitS: number;
  readonly isWhole: boolean;
}

/** The service as a node sees it. */
export interface ServiceLink {
  register(body: protocol.Registration): Promise<Registered>;
  exchange(body: ExchangeBody): Promise<ExchangeAnswer>;
  /** `isWhole`: the next page of a whole. Null: the service wants this node to register. */
  access(question: AccessQuestion, signal: AbortSignal): Promise<AccessChange | null>;
  leave(epoch: number): Promise<void>;
  close(): void;
}

/** `isRefusal`: the service answered and wants something else; asking again alone changes nothing. */
export class ServiceFault extends Error {
  constructor(
    message: string,
    readonly isRefusal: boolean,
    /** The token opens nothing: the node is not, or no longer, enrolled. */
    readonly isUnauthorized = false,
  ) {
    super(message);
  }
}

const CALL_LIMIT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'does not understand what this node sends; are both of the same release?',
  401: 'refuses the token of this node (PROXY_NODE_TOKEN); enrol it with POST /admin/nodes',
  404: 'does not know this node (PROXY_NODE_ID), or PROXY_SERVICE_URL is not the proxy service',
  413: 'says that this node sends too much at once',
  426: `does not speak protocol ${PROTOCOL}; are both of the same release?`,
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface LinkOptions {
  readonly url: string;
  readonly nodeId: string;
  readonly token: string;
}

export function openServiceLink({ url, nodeId, token }: LinkOptions): ServiceLink {
  const base = new URL(url);
  const { request, Agent } = base.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const path = `${base.pathname.replace(/\/$/, '')}/internal/nodes/${encodeURIComponent(nodeId)}`;

  const call = (method: 'GET' | 'POST', rest: string, body?: object, more: CallOptions = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const limit = AbortSignal.timeout(more.limitMs ?? CALL_LIMIT_MS);
      const fail = (err: Error): void => reject(new ServiceFault(faultOf(err, limit.aborted), false));
      const req = request(
        {
          agent,
          method,
          hostname: base.hostname.replace(/^\[|\]$/g, ''),
          port: base.port,
          path: `${path}${rest}`,
          headers: {
            Authorization: `Bearer ${token}`,
            'Lumi-Node-Protocol': PROTOCOL,
            Accept: 'application/json',
            ...(text === undefined
              ? {}
              : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
          },
          signal: more.signal === undefined ? limit : AbortSignal.any([limit, more.signal]),
        },
        (res) => {
          const parts: Buffer[] = [];
          let size = 0;
          res.on('data', (part: Buffer) => {
            size += part.length;
            if (size > ANSWER_BYTES_MAX) req.destroy(new Error('its answer is too long'));
            else parts.push(part);
          });
          res.on('error', fail);
          res.on('end', () => resolve({ status: res.statusCode ?? 0, body: readJson(Buffer.concat(parts)) }));
        },
      );
      req.on('error', fail);
      req.end(text);
    });

  return {
    register: async (body) => {
      const { status, body: told } = await call('POST', '/register', body);
      if (status !== 200) throw refused(status);
      return read(registered, told);
    },
    exchange: async (body) => {
      const { status, body: told } = await call('POST', '/exchange', body);
      if (status === 200) {
        const { now: nowMs, leases, drain_s: drainS } = read(taken, told);
        return { kind: 'taken', nowMs, leases, drainS };
      }
      if (status !== 409) throw refused(status);
      const answer = read(notTaken, told);
      return 'expected' in answer
        ? { kind: 'gap', expected: answer.expected }
        : { kind: 'closed', seq: answer.seq ?? null };
    },
    access: async ({ after, waitS, isWhole }, signal) => {
      const query = `/access?after=${String(after)}&wait=${String(waitS)}${isWhole ? '&whole=1' : ''}`;
      const limitMs = CALL_LIMIT_MS + waitS * 1_000;
      const { status, body } = await call('GET', query, undefined, { limitMs, signal });
      if (status === 409) return null;
      if (status !== 200) throw refused(status);
      return changeOf(read(accessAnswer, body));
    },
    leave: async (epoch) => {
      const { status } = await call('POST', '/leave', { epoch });
      if (status >= 300 && status !== 409) throw refused(status);
    },
    close: () => agent.destroy(),
  };
}

interface CallOptions {
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
}

function read<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const { success, data } = schema.safeParse(body);
  if (!success) throw new ServiceFault('the service answered in a form that this node does not know', true);
  return data;
}

function refused(status: number): ServiceFault {
  const known = REFUSALS[status];
  return known === undefined
    ? new ServiceFault(`the service answered ${String(status)}`, false)
    : new ServiceFault(`the service ${known}`, true, status === 401);
}

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

function faultOf(err: Error, isLate: boolean): string {
  if (isLate) return 'the service did not answer in time';
  return `the service cannot be reached (${(err as NodeJS.ErrnoException).code ?? err.message})`;
}
