// One request to a service, and the transfer of its answer to the client. Small answers are collected and sent in one
// write; larger ones stream with backpressure. An answer that is not JSON passes only when the operation declares its
// type, so a service's crash page never passes.
import type { Dispatcher } from 'undici';
import type { Request, Response } from 'express';
import { errorCodeIn } from '@lumi/shared/http';
import { wasNotReached } from '@lumi/shared/runtime';
import type { Abandonable, RequestRecord } from '../request-record';
import type { Operation } from '../routes/operation';
import { unavailable, type Line, type ServiceClient } from './service-client';

/**
 * An answer up to this size is held back until it is complete, so that a service that dies midway still gives a clean
 * 503.
 */
const COLLECT_BYTES = 256 * 1024;

/** Headers passed on unchanged; the gateway drops all other headers of a service. */
const RESPONSE_HEADERS = new Map(
  [
    'Location',
    'Retry-After',
    'Idempotent-Replayed',
    'ETag',
    'Last-Modified',
    'Cache-Control',
    'Content-Disposition',
    'Content-Language',
    'X-Lines-Left-Out',
    'Content-Security-Policy',
    'Referrer-Policy',
    'Strict-Transport-Security',
    'Link',
    'Allow',
    'WWW-Authenticate',
    'Preference-Applied',
    'Vary',
  ].map((name) => [name.toLowerCase(), name]),
);
/** The connection broke: the service may have acted on the request. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export interface ExchangeOptions {
  readonly req: Request;
  readonly res: Response;
  readonly record: RequestRecord;
  readonly operation: Operation;
  readonly service: ServiceClient;
  readonly line: Line;
  readonly request: Dispatcher.DispatchOptions;
  /** Called once, in place of an answer. */
  readonly fail: (err: unknown) => void;
  /** Called once, when the exchange with the service has ended. */
  readonly done: () => void;
}

export class Exchange implements Dispatcher.DispatchHandler, Abandonable {
  private controller: Dispatcher.DispatchController | null = null;
  private status = 0;
  private headers: string[] = [];
  private chunks: Buffer[] = [];
  private size = 0;
  private hasLength = false;
  private isStreaming = false;
  private isOver = false;
  private isAbandoned = false;
  private isFirstTry = true;
  /** Even where the service may have acted on it. */
  private readonly mayRepeat: boolean;

  constructor(private readonly options: ExchangeOptions) {
    this.mayRepeat = options.operation.method === 'GET';
    options.record.exchange = this;
  }

  /**
   * The client went away. A read is aborted, because it has no reader. All else is finished, because its outcome
   * counts.
   */
  abandon(): void {
    this.isAbandoned = true;
    if (this.options.operation.method === 'GET') this.controller?.abort(new Error('the client went away'));
    else this.controller?.resume();
  }

  start(): void {
    this.options.service.dispatch(this.options.line, this.options.request, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.isFirstTry = false;
    const contentType = headers['content-type'];
    if (!isAllowedType(typeof contentType === 'string' ? contentType : '', status, this.options.operation)) {
      this.finish('answered', unavailable(`a service answered ${String(status)} with ${String(contentType)}`));
      controller.abort(new Error('not an answer for clients'));
      return;
    }
    this.status = status;
    this.headers = answerHeaders(this.options.record, headers);
    const length = headers['content-length'];
    if (typeof length === 'string') {
      this.hasLength = true;
      this.headers.push('Content-Length', length);
    }
    if (typeof length === 'string' && Number.parseInt(length, 10) > COLLECT_BYTES) this.startStreaming();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver || this.isAbandoned) return;
    this.size += chunk.length;
    if (!this.isStreaming) {
      this.chunks.push(chunk);
      if (this.size > COLLECT_BYTES) this.startStreaming();
    } else if (!this.options.res.write(chunk)) {
      controller.pause();
      this.options.res.once('drain', () => controller.resume());
    }
  }

  onResponseEnd(): void {
    if (this.isOver) return;
    if (this.isAbandoned) {
      this.finish('answered', null);
      return;
    }
    const { res, record } = this.options;
    record.bytesOut = this.size;
    if (this.isStreaming) {
      res.end();
    } else {
      const body = this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks, this.size);
      if (this.status >= 400 && body !== undefined) record.errorCode = errorCodeIn(body);
      if (!this.hasLength && this.status !== 204 && this.status !== 304)
        this.headers.push('Content-Length', String(this.size));
      res.writeHead(this.status, this.headers);
      // As Latin-1 text, one character per byte, Node joins head and body into one write; a buffer would cost a slower
      // writev.
      res.end(body?.toString('latin1'), 'latin1');
    }
    this.finish('answered', null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, err: Error): void {
    if (this.isOver) return;
    const isUnsent = wasNotReached(err);
    // Behind the address may be others: one that has just stopped refuses, the next one serves.
    if (this.isFirstTry && (isUnsent || (this.mayRepeat && BROKEN.has(codeOf(err))))) {
      this.isFirstTry = false;
      this.start();
      return;
    }
    this.finish(isUnsent ? 'not-reached' : 'other', this.options.res.destroyed ? null : unavailable(err));
  }

  private startStreaming(): void {
    const { req, res } = this.options;
    this.isStreaming = true;
    res.writeHead(this.status, this.headers);
    if (req.method === 'HEAD') {
      // The client gets nothing more.
      const { controller } = this;
      res.end();
      this.finish('answered', null);
      controller?.abort(new Error('only the head was asked for'));
      return;
    }
    for (const chunk of this.chunks) res.write(chunk);
    this.chunks = [];
  }

  private finish(outcome: 'answered' | 'not-reached' | 'other', err: unknown): void {
    this.isOver = true;
    // Released by hand: while its request (or a closure) held it, every exchange survived into the old generation, and
    // the garbage collector became the largest cost of the gateway.
    this.options.record.exchange = null;
    this.controller = null;
    this.options.service.leave(outcome);
    this.options.done();
    if (err !== null) this.options.fail(err);
  }
}

function isAllowedType(contentType: string, status: number, operation: Operation): boolean {
  if (contentType.startsWith('application/json;')) return true; // nearly always
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'application/json') return true;
  if (type === '') return status < 500;
  return status < 400 && operation.responseTypes.has(type);
}

/** A flat list: Node writes it without building anything from it first. */
function answerHeaders(record: RequestRecord, headers: Record<string, string | string[] | undefined>): string[] {
  const list: string[] = [];
  let requestId = record.id;
  let rateLimit = record.rateLimit;
  let ratePolicy = record.ratePolicy;
  let hasCacheRule = false;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    if (name === 'content-type') list.push('Content-Type', text);
    else if (name === 'x-request-id') requestId = text;
    else if (name === 'ratelimit') rateLimit = `${rateLimit}, ${text}`;
    else if (name === 'ratelimit-policy') ratePolicy = `${ratePolicy}, ${text}`;
    else {
      const publicName = RESPONSE_HEADERS.get(name);
      if (publicName === undefined) continue;
      if (name === 'cache-control') hasCacheRule = true;
      list.push(publicName, text);
    }
  }
  list.push(
    'X-Request-Id',
    requestId,
    'RateLimit',
    rateLimit,
    'RateLimit-Policy',
    ratePolicy,
    'X-Content-Type-Options',
    'nosniff',
  );
  if (!hasCacheRule) list.push('Cache-Control', 'no-store');
  return list;
}

function codeOf(err: Error): string {
  return 'code' in err && typeof err.code === 'string' ? err.code : '';
}
