// A service for tests: it declares operations and answers as the test says.
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Product } from '@lumi/shared/contract';
import { IDENTITY_HEADER, IdentityVerifier, publicJwks, type Principal } from '@lumi/shared/principal';
import type { Clock } from '@lumi/shared/runtime';
import { PRIVATE_KEY } from './identity-key';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly principal: Principal;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

type OperationFields = Readonly<Record<string, unknown>>;

/** A service declared by an OpenAPI document that the test may replace while everything runs. */
export class FakeService {
  readonly received: ReceivedRequest[] = [];
  answer: (request: ReceivedRequest, raw: IncomingMessage) => Answer | Promise<Answer> | 'reset' = () => ({
    status: 200,
    body: '{"ok":true}',
  });
  etag: string | null = null;
  documentReads = 0;
  paths: Record<string, Record<string, OperationFields>> = defaultPaths();
  private readonly server: http.Server;
  private readonly verifier: IdentityVerifier;

  constructor(
    private readonly product: Product,
    clock: Clock,
  ) {
    this.verifier = new IdentityVerifier(publicJwks(String(PRIVATE_KEY)), product, clock);
    this.server = http.createServer({ keepAliveTimeout: 65_000 }, (req, res) => void this.serve(req, res));
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return this.port;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  connections(): Promise<number> {
    return new Promise((resolve) => this.server.getConnections((_err, count) => resolve(count)));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(req: IncomingMessage, res: http.ServerResponse): Promise<void> {
    const principal = this.verifier.verify(req.headers[IDENTITY_HEADER] as string | undefined);
    if (req.url === '/internal/openapi.json') {
      this.documentReads += 1;
      const text = JSON.stringify({ openapi: '3.1.0', info: { title: this.product, version: '1' }, paths: this.paths });
      if (this.etag !== null && req.headers['if-none-match'] === this.etag)
        res.writeHead(304, { etag: this.etag }).end();
      else
        res
          .writeHead(200, { 'content-type': 'application/json', ...(this.etag === null ? {} : { etag: this.etag }) })
          .end(text);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const request = {
      method: req.method ?? '',
      path: req.url ?? '',
      headers: req.headers,
      body: Buffer.concat(chunks),
      principal,
    };
    this.received.push(request);
    const answer = await this.answer(request, req);
    if (answer === 'reset') {
      req.socket.destroy();
      return;
    }
    res.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8', ...answer.headers });
    res.end(answer.body);
  }
}

export function operation(
  id: string,
  scope: string | readonly string[] | undefined,
  more: OperationFields = {},
): OperationFields {
  return {
    operationId: id,
    ...(scope === undefined ? {} : { 'x-lumi-scope': scope }),
    responses: { 200: { description: 'OK', content: { 'application/json': {} } } },
    ...more,
  };
}

export const jsonBody: OperationFields = { requestBody: { content: { 'application/json': {} } } };
export const money: OperationFields = { 'x-lumi-class': 'money', ...jsonBody };

function defaultPaths(): Record<string, Record<string, OperationFields>> {
  return {
    '/things': {
      get: operation('list-things', 'read'),
      post: operation('buy-thing', 'buy', { ...money, 'x-lumi-dry-run': true }),
    },
    '/things/bulk': {
      post: operation('buy-things', 'buy', {
        ...money,
        'x-lumi-dry-run': true,
        'x-lumi-bulk': 'items',
        'x-lumi-items-per-token': 10,
      }),
    },
    '/quotes': {
      post: operation('create-quote', 'buy', { ...jsonBody, 'x-lumi-bulk': 'items', 'x-lumi-items-per-token': 10 }),
    },
    '/things/check': { post: operation('check-things', ['read', 'buy'], { ...jsonBody, 'x-lumi-bulk': 'things' }) },
    '/things/look': {
      post: operation('look-at-things', 'read', {
        ...jsonBody,
        'x-lumi-list': 'select.things',
        'x-lumi-items-per-token': 10,
      }),
    },
    '/things/{thing}': { get: operation('get-thing', 'read'), patch: operation('change-thing', 'write', jsonBody) },
    '/me': { get: operation('me', 'any') },
    '/admin/users': { get: operation('list-users', 'admin:*') },
    '/admin/keys': { post: operation('issue-key', 'admin:*', { ...jsonBody, 'x-lumi-class': 'guarded' }) },
    '/renewing/{thing}': {
      patch: operation('change-renewing', 'write', { ...jsonBody, 'x-lumi-auto-renew': ['auto_renew'] }),
    },
    '/openapi.json': { get: operation('openapi', 'public') },
    '/page': {
      get: operation('page', 'public', { responses: { 200: { description: 'page', content: { 'text/html': {} } } } }),
    },
    '/hooks/pay': { post: operation('pay-hook', 'public', { 'x-lumi-raw-body': true }) },
  };
}
