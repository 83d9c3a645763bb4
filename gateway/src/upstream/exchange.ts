// One request to a service and the way of its answer back to the client. Small answers are collected and sent in one write; larger ones
// stream with backpressure. What is not JSON comes through only where the operation declares it, so a service's crash page never does.
import type { Dispatcher } from 'undici';
import type { Request, Response } from 'express';
import type { RequestRecord } from '../request-record';
import type { Operation } from '../routes/operation';
import { unavailable, type ServiceClient } from './service-client';

/** Up to here an answer is held back until it is whole, so that a service dying midway is still a clean 503. */
const COLLECT_BYTES = 256 * 1024;

/** Passed through as they are; everything else a service sends stays inside. */
const RESPONSE_HEADERS = new Set([
  'location', 'retry-after', 'idempotent-replayed', 'etag', 'last-modified', 'cache-control', 'content-disposition', 'content-language',
  'content-security-policy', 'link', 'allow', 'www-authenticate', 'preference-applied', 'vary',
]);
const NOT_REACHED = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT']);

export interface ExchangeOptions {
  readonly req: Request;
  readonly res: Response;
  readonly record: RequestRecord;
  readonly operation: Operation;
  readonly service: ServiceClient;
  readonly request: Dispatcher.DispatchOptions;
  /** Called once, in place of an answer. */
  readonly fail: (err: unknown) => void;
  /** Called once, when nothing more will happen upstream. */
  readonly done: () => void;
}

export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private status = 0;
  private headers: string[] = [];
  private chunks: Buffer[] = [];
  private size = 0;
  private isStreaming = false;
  private isOver = false;
  private mayRetry: boolean;

  constructor(private readonly options: ExchangeOptions) {
    this.mayRetry = options.operation.method === 'GET';
    // A read nobody waits for is broken off; anything else is finished, because its outcome counts.
    options.record.abort = () => {
      if (options.operation.method === 'GET') this.controller?.abort(new Error('the client went away'));
    };
  }

  start(): void {
    this.options.service.dispatch(this.options.request, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return;
    this.mayRetry = false;
    const contentType = headers['content-type'];
    if (!isAllowedType(typeof contentType === 'string' ? contentType : '', status, this.options.operation)) {
      this.finish('answered', unavailable(`a service answered ${String(status)} with ${String(contentType)}`));
      controller.abort(new Error('not an answer for clients'));
      return;
    }
    this.status = status;
    this.headers = answerHeaders(this.options.record, headers);
    const length = headers['content-length'];
    if (typeof length === 'string') this.headers.push('Content-Length', length);
    if (typeof length === 'string' && Number.parseInt(length, 10) > COLLECT_BYTES) this.startStreaming();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return;
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
    const { res, record } = this.options;
    record.bytesOut = this.size;
    if (this.isStreaming) {
      res.end();
    } else {
      const body = this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks, this.size);
      if (!this.headers.includes('Content-Length') && this.status !== 204 && this.status !== 304) this.headers.push('Content-Length', String(this.size));
      res.writeHead(this.status, this.headers);
      res.end(body);
    }
    this.finish('answered', null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, err: Error): void {
    if (this.isOver) return;
    const isReachable = !NOT_REACHED.has(codeOf(err));
    if (!isReachable && this.mayRetry) {
      this.mayRetry = false;
      this.start();
      return;
    }
    this.finish(isReachable ? 'other' : 'not-reached', this.options.res.destroyed ? null : unavailable(err));
  }

  private startStreaming(): void {
    const { res } = this.options;
    this.isStreaming = true;
    res.writeHead(this.status, this.headers);
    for (const chunk of this.chunks) res.write(chunk);
    this.chunks = [];
  }

  private finish(outcome: 'answered' | 'not-reached' | 'other', err: unknown): void {
    this.isOver = true;
    this.options.service.leave(outcome);
    this.options.done();
    if (err !== null) this.options.fail(err);
  }
}

function isAllowedType(contentType: string, status: number, operation: Operation): boolean {
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
    else if (RESPONSE_HEADERS.has(name)) {
      if (name === 'cache-control') hasCacheRule = true;
      list.push(canonicalName(name), text);
    }
  }
  list.push('X-Request-Id', requestId, 'RateLimit', rateLimit, 'RateLimit-Policy', ratePolicy, 'X-Content-Type-Options', 'nosniff');
  if (!hasCacheRule) list.push('Cache-Control', 'no-store');
  return list;
}

function canonicalName(name: string): string {
  return name === 'etag' ? 'ETag' : name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function codeOf(err: Error): string {
  return 'code' in err && typeof err.code === 'string' ? err.code : '';
}
