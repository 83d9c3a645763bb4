// The gateway's forwarding without its checks: the same Express, the same server with the same prototypes, the same
// undici pool, and one handler.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Pool } from 'undici';
import { methodOf, ready, setting } from './child.mjs';

const load = createRequire(join(setting('ROOT'), 'gateway', 'package.json'));
/** @type {typeof import('express')} */
const express = load('express');
/** @type {typeof import('@lumi/shared/http')} */
const { createHttpServer } = load('@lumi/shared/http');
/** @type {typeof import('@lumi/shared/runtime')} */
const { systemClock } = load('@lumi/shared/runtime');

const pool = new Pool(setting('UPSTREAM'), { connections: 128 });
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(async (req, res) => {
  const answer = await pool.request({ path: req.url.slice('/api/v1'.length), method: methodOf(req) });
  const body = Buffer.from(await answer.body.arrayBuffer());
  res.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'], 'content-length': body.length });
  res.end(body);
});
const listener = createHttpServer(app, { clock: systemClock });
ready(await listener.listen('127.0.0.1', 0));
