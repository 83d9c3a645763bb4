// Keeps the exact bytes (`body`), bounded: 413, then wrong encoding or media type: 422. Nothing is parsed: signature, fingerprint
// and service all see the bytes that were sent. A client that asked for `100 Continue` gets it only now, after every cheaper refusal.
import type { Request, RequestHandler, Response } from 'express';
import { AppError, invalid } from '@lumi/shared/contract';
import { NO_BODY } from '../request-record';
import type { Operation } from '../routes/operation';

/** A parameter that says the text is not UTF-8. */
const OTHER_CHARSET = /^charset\s*=\s*"?(?!utf-?8"?$)/i;

export function body(): RequestHandler {
  return (req, res, next) => {
    const operation = req.lumi.operation;
    const length = req.headers['content-length'];
    if (operation === null || (req.headers['transfer-encoding'] === undefined && (length === undefined || length === '0'))) {
      next();
      return;
    }
    if (length !== undefined && Number.parseInt(length, 10) > operation.bodyBytesMax) throw tooLarge(operation);
    if (req.headers.expect !== undefined) res.writeContinue();
    readBytes(req, res, operation).then((bytes) => {
      if (bytes.length > 0) checkMedia(req, operation);
      // A GET's body means nothing to anybody; it is bounded, and dropped.
      req.lumi.body = operation.method === 'GET' ? NO_BODY : bytes;
      next();
    }).catch(next);
  };
}

function readBytes(req: Request, res: Response, operation: Operation): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (err: Error | null): void => {
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      if (err === null) resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size));
      else reject(err);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > operation.bodyBytesMax) {
        res.setHeader('Connection', 'close');
        settle(tooLarge(operation));
        req.resume();
      } else {
        chunks.push(chunk);
      }
    };
    const onEnd = (): void => settle(null);
    // The client went away, or the server cut it off for being slow: nobody is left to read this.
    const onClose = (): void => settle(new AppError('request_timeout'));
    req.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

function checkMedia(req: Request, operation: Operation): void {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') throw invalid('Content-Encoding', 'send the body as it is: signatures are computed over its bytes');
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').split(';').map((part) => part.trim());
  if (operation.requestTypes.length === 0) return;
  if (!operation.requestTypes.includes(type.toLowerCase()) || parameters.some((parameter) => OTHER_CHARSET.test(parameter))) {
    throw invalid('Content-Type', `must be ${operation.requestTypes.join(' or ')}`);
  }
}

function tooLarge(operation: Operation): AppError {
  return new AppError('payload_too_large', `The request body is too large; the limit is ${String(operation.bodyBytesMax)} bytes.`);
}
