// Keeps the exact bytes (`body`), bounded: 413; then wrong encoding or media type: 422. It parses nothing: signature,
// fingerprint and service all see the bytes that were sent. A client that sent `Expect: 100-continue` gets the 100 only
// here, after every cheaper refusal.
import type { Request, RequestHandler } from 'express';
import { addressBucket } from '@lumi/shared/addresses';
import { AppError, invalid } from '@lumi/shared/contract';
import type { BodyBudget } from '../limits/body-budget';
import { NO_BODY } from '../request-record';
import type { Operation } from '../routes/operation';

/** A parameter that declares another charset than UTF-8. */
const OTHER_CHARSET = /^charset\s*=\s*"?(?!utf-?8"?$)/i;
/** A piece smaller than this is copied, so that its buffer is freed. */
const CRUMB_BYTES = 512;
const CRUMBS_BYTES = 4_096;

export function body({ bodyBudget }: { readonly bodyBudget: BodyBudget }): RequestHandler {
  return (req, res, next) => {
    const { operation, key, clientIp } = req.lumi;
    const length = req.headers['content-length'];
    if (
      operation === null ||
      (req.headers['transfer-encoding'] === undefined && (length === undefined || length === '0'))
    ) {
      next();
      return;
    }
    if (length !== undefined && Number.parseInt(length, 10) > operation.bodyBytesMax) throw tooLarge(operation);
    if (req.headers.expect !== undefined) res.writeContinue();
    const name = key?.limitBucket ?? addressBucket(clientIp);
    let held = 0;
    const hold = (bytes: number): void => {
      bodyBudget.take(name, bytes);
      held += bytes;
    };
    // Kept until the answer is sent: until then it may wait in the queue or be sent to the service.
    res.once('close', () => bodyBudget.give(name, held));
    readBytes(req, operation, hold)
      .then((bytes) => {
        if (bytes.length > 0) checkMedia(req, operation);
        // The body of a GET has no meaning; it is bounded and discarded.
        req.lumi.body = operation.method === 'GET' ? NO_BODY : bytes;
        next();
      })
      .catch(next);
  };
}

function readBytes(req: Request, operation: Operation, hold: (bytes: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    const settle = (err: unknown): void => {
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      if (err === null) resolve(pieces.whole());
      else {
        // A refusal holds its stack, the stack this function, and this function the pieces, until the connection ends.
        pieces.drop();
        reject(err as Error);
      }
    };
    const onData = (chunk: Buffer): void => {
      try {
        if (pieces.size + chunk.length > operation.bodyBytesMax) throw tooLarge(operation);
        hold(chunk.length);
        pieces.add(chunk);
      } catch (refusal) {
        settle(refusal);
        req.resume();
      }
    };
    const onEnd = (): void => settle(null);
    // The client went away, or the server cut it off because it was slow: there is no reader for a refusal.
    const onClose = (): void => settle(new AppError('request_timeout'));
    req.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

/** Joins many small pieces: a buffer for each of sixty thousand bytes would take a hundred times their size. */
class Pieces {
  size = 0;
  private readonly large: Buffer[] = [];
  private crumbs: Buffer = NO_BODY;
  private crumbsSize = 0;

  add(chunk: Buffer): void {
    this.size += chunk.length;
    if (chunk.length >= CRUMB_BYTES) {
      this.sweepUp();
      this.large.push(chunk);
      return;
    }
    if (this.crumbsSize + chunk.length > this.crumbs.length) {
      this.sweepUp();
      this.crumbs = Buffer.allocUnsafe(CRUMBS_BYTES);
    }
    this.crumbsSize += chunk.copy(this.crumbs, this.crumbsSize);
  }

  whole(): Buffer {
    this.sweepUp();
    const [first] = this.large;
    return this.large.length === 1 && first !== undefined ? first : Buffer.concat(this.large, this.size);
  }

  drop(): void {
    this.large.length = 0;
    this.crumbs = NO_BODY;
    this.crumbsSize = 0;
  }

  private sweepUp(): void {
    if (this.crumbsSize > 0) this.large.push(this.crumbs.subarray(0, this.crumbsSize));
    this.crumbs = NO_BODY;
    this.crumbsSize = 0;
  }
}

function checkMedia(req: Request, operation: Operation): void {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity')
    throw invalid('Content-Encoding', 'send the body as it is: signatures are computed over its bytes');
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').split(';').map((part) => part.trim());
  if (operation.requestTypes.length === 0) return;
  if (
    !operation.requestTypes.includes(type.toLowerCase()) ||
    parameters.some((parameter) => OTHER_CHARSET.test(parameter))
  ) {
    throw invalid('Content-Type', `must be ${operation.requestTypes.join(' or ')}`);
  }
}

function tooLarge(operation: Operation): AppError {
  return new AppError(
    'payload_too_large',
    `The request body is too large; the limit is ${String(operation.bodyBytesMax)} bytes.`,
  );
}
