// The gateway's HTTP server: the shared one, with what only a server on the open internet needs.
import type http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express, Request } from 'express';
import { newId } from '@lumi/shared/contract';
import { createHttpServer, rawErrorResponse, type HttpServer } from '@lumi/shared/http';
import { plainAddress } from '@lumi/shared/addresses';
import type { Clock } from '@lumi/shared/runtime';
import { addressStanding, type AddressLimits, type Standing } from './limits/address-standing';
import type { LineWriter } from './line-writer';

const IDLE_MAX_MS = 120_000;

export interface ListenerOptions extends AddressLimits {
  readonly clock: Clock;
  readonly accessLines: LineWriter | null;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

export function createListener(app: Express, options: ListenerOptions): HttpServer {
  const { clock, accessLines } = options;
  const listener = createHttpServer(app, {
    ...options,
    parserErrorHeaders: ({ peer, request }) => {
      // Behind a proxy `peer` is the proxy: who sent what could not be read is not known, and the proxy's address is what it counts for.
      const record = (request as Partial<Request> | null)?.lumi;
      return standingHeaders(record === undefined || record.rateLimit === '' ? addressStanding(options, plainAddress(peer)) : record);
    },
    onParserError: ({ code, requestId, peer }) => accessLines?.write(
      `{"level":"info","message":"request refused by the parser","process":"gateway","timestamp":"${clock.now().toISOString()}","request_id":"${requestId}","code":"${code}","client_ip":"${plainAddress(peer)}"}\n`,
    ),
  });
  const { server } = listener;
  // Node drops header lines beyond its bound in silence. Without one (the 16 KB of all headers together bound them anyway) the guard
  // sees them all and refuses.
  server.maxHeadersCount = 0;
  // Node would refuse a missing Host itself, without a body; the guard does it with one.
  (server as unknown as { requireHostHeader: boolean }).requireHostHeader = false;
  // A connection on which nothing moves, such as a client that never reads its answer.
  server.timeout = IDLE_MAX_MS;
  // `100 Continue` is sent by the body stage, when the request has passed everything before it; other expectations reach the guard.
  server.on('checkContinue', app as unknown as http.RequestListener);
  server.on('checkExpectation', app as unknown as http.RequestListener);
  server.on('connect', (req: http.IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    socket.end(rawErrorResponse('bad_request', newId('req', clock.nowMs()), standingHeaders(addressStanding(options, plainAddress(req.socket.remoteAddress ?? '')))));
  });
  return listener;
}

function standingHeaders({ rateLimit, ratePolicy }: Standing): Record<string, string> {
  return { RateLimit: rateLimit, 'RateLimit-Policy': ratePolicy };
}
