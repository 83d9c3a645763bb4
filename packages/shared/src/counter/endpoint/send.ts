// Writes a reply.
import type { Response } from 'express';
import { JSON_TYPE, errorCodeIn } from '../../base/http';
import type { Reply } from './context';
import { note } from './noted';

export function send(res: Response, reply: Reply): void {
  const bytes = reply.bytes ?? Buffer.from(JSON.stringify(reply.body), 'utf8');
  if (reply.status >= 400) note(res, { code: errorCodeIn(bytes) }); // a stored refusal, or one of the money step
  res.statusCode = reply.status;
  res.setHeader('Content-Type', reply.contentType ?? JSON_TYPE);
  res.setHeader('Content-Length', bytes.length);
  if (reply.headers !== undefined)
    for (const [name, value] of Object.entries(reply.headers)) res.setHeader(name, value);
  res.end(bytes);
}
