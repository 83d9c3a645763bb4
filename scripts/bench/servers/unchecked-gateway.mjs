// The gateway's forwarding without its checks: the same Express, the same server with the same prototypes, the same
// undici pool, and one handler.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Pool } from 'undici';

const load = createRequire(join(process.env.ROOT, 'gateway', 'package.json'));
const express = load('express');
const { createHttpServer } = load('@lumi/shared/http');
const { systemClock } = load('@lumi/shared/runtime');

const pool = new Pool(process.env.UPSTREAM, { connections: 128 });
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(async (req, res) => {
  const answer = await pool.request({ path: req.url.slice('/api/v1'.length), method: req.method });
  const body = Buffer.from(await answer.body.arrayBuffer());
  res.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'], 'content-length': body.length });
  res.end(body);
});
const listener = createHttpServer(app, { clock: systemClock });
process.send({ type: 'ready', port: await listener.listen('127.0.0.1', 0) });
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
