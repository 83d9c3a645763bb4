// Routes for other processes of the same deployment, on the service's own port. They are in no OpenAPI document, and
// the gateway forwards nothing under `/internal`. Each judges by itself who asks; nothing of the body is read before.
import express, { type Express, type Request, type Response } from 'express';
import { AppError } from '../../ground/contract';
import { JSON_TYPE } from '../../base/http';
import { note } from './noted';
import { queryOf } from './request-headers';

export interface InternalRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  /** The address of the connection. */
  readonly peer: string;
  /** The JSON that was sent; `bad_request` when it is none. */
  body(): Promise<unknown>;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface InternalReply {
  readonly status: number;
  /** Absent: an answer without a body. */
  readonly body?: unknown;
}

export interface InternalRoute {
  /** For metrics. */
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** Below `/internal`, such as `/nodes/{id}/leave`. */
  readonly path: string;
  readonly bodyBytesMax: number;
  handle(request: InternalRequest): Promise<InternalReply>;
}

export function mountInternal(app: Express, routes: readonly InternalRoute[]): void {
  for (const route of routes) {
    const read = express.raw({ type: () => true, limit: route.bodyBytesMax, inflate: false });
    const serve = async (req: Request, res: Response): Promise<void> => {
      note(res, { operation: route.id });
      const gone = new AbortController();
      res.once('close', () => gone.abort());
      const { status, body } = await route.handle({
        params: req.params as Record<string, string>, // the path has no wildcards
        query: new URLSearchParams(queryOf(req)),
        header: (name) => req.get(name),
        peer: req.socket.remoteAddress ?? '',
        body: () => bodyOf(read, req, res),
        signal: gone.signal,
      });
      res.statusCode = status;
      if (body === undefined) {
        res.setHeader('Content-Length', 0);
        res.end();
        return;
      }
      const bytes = Buffer.from(JSON.stringify(body), 'utf8');
      res.setHeader('Content-Type', JSON_TYPE);
      res.setHeader('Content-Length', bytes.length);
      res.end(bytes);
    };
    const path = `/internal${route.path.replace(/\{(\w+)\}/g, ':$1')}`;
    if (route.method === 'GET') app.get(path, serve);
    else app.post(path, serve);
  }
}

function bodyOf(read: ReturnType<typeof express.raw>, req: Request, res: Response): Promise<unknown> {
  return new Promise((resolve, reject) => {
    read(req, res, (err?: unknown) => {
      if (err !== undefined) {
        reject(err as Error);
        return;
      }
      try {
        resolve(JSON.parse(Buffer.isBuffer(req.body) ? req.body.toString('utf8') : ''));
      } catch (cause) {
        reject(new AppError('bad_request', 'The body is not JSON.', { cause }));
      }
    });
  });
}
