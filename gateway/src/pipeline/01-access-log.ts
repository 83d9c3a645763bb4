// Opens the request's record (`req.lumi`) with its id; counts the request and writes one line when its answer is sent.
import type { RequestHandler, Response } from 'express';
import { newId } from '@lumi/shared/contract';
import { elapsedMs, type Clock } from '@lumi/shared/runtime';
import { beginTrace, within, type Span } from '@lumi/shared/tracing';
import type { ClientIp } from '../client-ip';
import type { LineWriter } from '../line-writer';
import { noteRequest } from '../meters';
import { RequestRecord } from '../request-record';

export function accessLog({
  clock,
  clientIp,
  accessLines,
}: {
  clock: Clock;
  clientIp: ClientIp;
  accessLines: LineWriter | null;
}): RequestHandler {
  // One function for all requests: `this` is the response.
  function onClose(this: Response): void {
    const record = this.req.lumi;
    const isWhole = this.writableFinished;
    if (!isWhole) record.exchange?.abandon();
    const ms = elapsedMs() - record.startedMs;
    const status = isWhole ? this.statusCode : 499;
    noteRequest({
      product: record.product,
      operation: record.operation?.id ?? '',
      status,
      code: record.errorCode,
      seconds: ms / 1_000,
    });
    if (record.span !== null) endSpan(record.span, record, status);
    accessLines?.write(line(record, this, status, ms, clock));
  }
  return (req, res, next) => {
    req.lumi = new RequestRecord(newId('req', clock.nowMs()), elapsedMs(), clientIp(req));
    res.on('close', onClose);
    // Probes are no requests of callers.
    if (!/^\/(health|ready)z$/.test(req.url)) req.lumi.span = beginTrace(req.lumi.id, 'request');
    within(req.lumi.span, next);
  };
}

/** Names and outcomes only: nothing that the caller wrote. */
function endSpan(span: Span, { product, operation, errorCode, key }: RequestRecord, status: number): void {
  span.set({
    'http.response.status_code': status,
    ...(product === null ? {} : { 'lumi.product': product }),
    ...(operation === null ? {} : { 'lumi.operation': operation.id }),
    ...(errorCode === '' ? {} : { 'lumi.error_code': errorCode }),
    ...(key === null ? {} : { 'lumi.key_id': key.key.id }),
  });
  if (status >= 500) span.fail(errorCode);
  span.end();
}

// Concatenated by hand, because it is on the hot path. It contains no text of the caller: the method is one the parser
// knows, the address is parsed, and the path is written as the operation's name. So no key, query or body can get into
// this line, and no value needs escaping.
function line(record: RequestRecord, res: Response, status: number, ms: number, clock: Clock): string {
  const key = record.key?.key;
  return (
    `{"level":"info","message":"request","process":"gateway","timestamp":"${clock.now().toISOString()}","request_id":"${record.id}",` +
    `"method":"${res.req.method}","product":${quoted(record.product)},"route":${quoted(record.operation?.id)},"status":${String(status)},` +
    `"code":${quoted(record.errorCode)},"ms":${ms.toFixed(1)},"bytes_in":${String(record.body.length)},"bytes_out":${String(bytesOut(record, res))},` +
    `"key_id":${quoted(key?.id)},"account_id":${quoted(key?.accountId)},"client_ip":"${record.clientIp}"}\n`
  );
}

function quoted(value: string | null | undefined): string {
  return value === null || value === undefined || value === '' ? 'null' : `"${value}"`;
}

function bytesOut(record: RequestRecord, res: Response): number {
  if (record.bytesOut > 0) return record.bytesOut;
  const length = res.getHeader('content-length');
  return typeof length === 'number' ? length : 0;
}
