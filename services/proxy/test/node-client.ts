// Calls the service as the node `node_local` does.
import request, { type Response } from 'supertest';
import { NODE_TOKEN, type ProxyTest } from './proxy-service';

const PORTS = { first: 20_000, last: 20_099, http: 19_080, socks: 19_081 };
export const REGISTRATION = { version: '1', ports: PORTS, exits: [] };
const NOTHING = { lines: [], wants: [], seen: [], exits_changed: [], state: { connections: 0, bytes_per_s: 0 } };

interface Headers {
  readonly token?: string;
  readonly protocol?: string;
}

export interface Lease {
  readonly subject: string;
  readonly granted: number;
  readonly used: number;
  readonly free: number;
  readonly elsewhere: number;
  readonly is_needed: boolean;
  readonly is_stopped: boolean;
}

export interface NodeClient {
  call(method: 'get' | 'post', path: string, headers?: Headers, body?: object): Promise<Response>;
  register(): Promise<{ epoch: number; key: string; now: string; nodes: string[] }>;
  access(after: number, wait?: number): Promise<AccessAnswer>;
  exchange(epoch: number, seq: number, more?: object): Promise<Response>;
  leave(epoch: number): Promise<Response>;
}

export interface AccessAnswer {
  readonly number: number;
  readonly is_whole: boolean;
  readonly is_more: boolean;
  readonly rights: readonly (Record<string, unknown> & { readonly subject: string })[];
  readonly pools: Record<string, readonly unknown[]> | null;
}

export function nodeClient(lumi: Pick<ProxyTest, 'app'>): NodeClient {
  const call: NodeClient['call'] = (method, path, { token = NODE_TOKEN, protocol = '1' } = {}, body) => {
    const sent = request(lumi.app)
      [method](`/internal/nodes/${path}`)
      .set({
        authorization: `Bearer ${token}`,
        'lumi-node-protocol': protocol,
      });
    return Promise.resolve(body === undefined ? sent : sent.send(body));
  };
  const good = ({ status, body, text }: Response): never => {
    if (status !== 200) throw new Error(`the service answered ${String(status)}: ${text}`);
    return body as never; // what the service says
  };
  return {
    call,
    register: async () => good(await call('post', 'node_local/register', {}, REGISTRATION)),
    access: async (after, wait = 0) =>
      good(await call('get', `node_local/access?after=${String(after)}&wait=${String(wait)}`)),
    exchange: (epoch, seq, more = {}) => call('post', 'node_local/exchange', {}, { epoch, seq, ...NOTHING, ...more }),
    leave: (epoch) => call('post', 'node_local/leave', {}, { epoch }),
  };
}
