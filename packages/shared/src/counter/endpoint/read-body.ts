// The bytes of a request's body, and the JSON in them.
import express, { type Request, type Response } from 'express';
import { usualBodyBytesMax, type RouteSpec } from '../../ground/contract';
import { parseJsonBody } from './json-body';

export type BodyReader = (req: Request, res: Response) => Promise<Buffer>;

/** Reads no more than the route's limit. */
export function bodyReader(route: RouteSpec): BodyReader {
  const read = express.raw({
    type: () => true,
    limit: route.bodyBytesMax ?? usualBodyBytesMax(route.bulk !== undefined),
    inflate: false,
  });
  return (req, res) =>
    new Promise((resolve, reject) => {
      read(req, res, (err?: unknown) =>
        err === undefined ? resolve(Buffer.isBuffer(req.body) ? req.body : NO_BODY) : reject(err as Error),
      );
    });
}

const NO_BODY = Buffer.alloc(0);

export function parseBody(route: RouteSpec, rawBody: Buffer): unknown {
  return route.rawBody === true || rawBody.length === 0 ? undefined : parseJsonBody(rawBody);
}
