// The gateway's HTTP server: the shared server with the options for the open internet.
import type { Express, Request } from 'express';
import { createHttpServer, type HttpServer } from '@lumi/shared/http';
import { plainAddress } from '@lumi/shared/addresses';
import type { Clock } from '@lumi/shared/runtime';
import { payByAddress, type AddressLimits, type LimitHeaders } from './limits/address-limit';
import { refusals } from './meters';
import type { LineWriter } from './line-writer';

export interface ListenerOptions extends AddressLimits {
  readonly clock: Clock;
  readonly accessLines: LineWriter | null;
  readonly perPeerMax?: number;
  readonly peerOf?: (address: string) => string | null;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

export function createListener(app: Express, options: ListenerOptions): HttpServer {
  const { clock, accessLines } = options;
  return createHttpServer(app, {
    ...options,
    appContinues: true,
    parserErrorHeaders: ({ peer, request }) => {
      // Behind a proxy, `peer` is the proxy. The sender of an unreadable request is then unknown, so it counts for the
      // proxy's address.
      const record = (request as Partial<Request> | null)?.lumi;
      return headersOf(
        record === undefined || record.rateLimit === '' ? payByAddress(options, plainAddress(peer)) : record,
      );
    },
    onParserError: ({ code, requestId, peer }) => {
      refusals.of({ stage: 'parser', code }).add();
      accessLines?.write(
        '{"level":"info","message":"request refused by the ' +
          `parser","process":"gateway","timestamp":"${clock.now().toISOString()}","request_id":"${requestId}","code":"${code}","client_ip":"${plainAddress(peer)}"}\n`,
      );
    },
  });
}

function headersOf({ rateLimit, ratePolicy }: LimitHeaders): Record<string, string> {
  return { RateLimit: rateLimit, 'RateLimit-Policy': ratePolicy };
}
