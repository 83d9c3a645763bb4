// The endpoints of sold proxies: plain forwarding proxies (CONNECT, and HTTP in absolute form) with a login, which dial
// from the address that was sold. They count what they carried.
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Endpoints, SoldProxy } from './stock';

const CONNECT_MS = 5_000;
const IDLE_MS = 60_000;
const PAIR = /^(.+):(\d{1,5})$/;

export class ForwardingEndpoints implements Endpoints {
  private readonly servers = new Map<string, http.Server>();
  private readonly sockets = new Set<Duplex>();
  private carried = 0;

  /** Bytes of tunnels and bodies, both ways, of all endpoints. */
  get bytes(): number {
    return this.carried;
  }

  async open(proxy: Omit<SoldProxy, 'port'>): Promise<number> {
    const server = http.createServer((request, response) => {
      if (!isLogin(proxy, request.headers['proxy-authorization'])) {
        response.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="double"' }).end();
        return;
      }
      this.forward(proxy, request, response);
    });
    server.on('connect', (request: http.IncomingMessage, client: Duplex, head: Buffer) => {
      this.hold(client);
      if (!isLogin(proxy, request.headers['proxy-authorization']))
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="double"\r\n\r\n');
      else this.tunnel(proxy, request.url ?? '', client, head);
    });
    server.on('clientError', (_, client) => client.destroy());
    server.requestTimeout = IDLE_MS;
    server.listen(0, proxy.address);
    await once(server, 'listening');
    this.servers.set(proxy.address, server);
    return (server.address() as AddressInfo).port; // a TCP server that listens always has one
  }

  async close(address: string): Promise<void> {
    const server = this.servers.get(address);
    if (server === undefined) return;
    this.servers.delete(address);
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all([...this.servers.keys()].map((address) => this.close(address)));
  }

  private tunnel({ address }: { readonly address: string }, target: string, client: Duplex, head: Buffer): void {
    const [, host, port] = PAIR.exec(target) ?? [];
    if (host === undefined || port === undefined) {
      client.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      return;
    }
    const way = dial(address, host.replace(/^\[|\]$/g, ''), Number(port));
    this.hold(way);
    let isOpen = false;
    way.once('connect', () => {
      isOpen = true;
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) this.pass(way, head);
      this.pipe(client, way);
      this.pipe(way, client);
    });
    way.on('error', () => {
      if (isOpen) client.destroy();
      else client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    way.on('close', () => {
      if (isOpen) client.destroy();
    });
    client.on('error', () => way.destroy());
    client.on('close', () => way.destroy());
  }

  private pipe(from: Duplex, to: Duplex): void {
    from.on('data', (bytes: Buffer) => {
      if (!this.pass(to, bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
  }

  private pass(to: Duplex, bytes: Buffer): boolean {
    this.carried += bytes.length;
    return to.write(bytes);
  }

  private forward(
    { address }: { readonly address: string },
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): void {
    if (!URL.canParse(request.url ?? '')) {
      response.writeHead(400).end();
      return;
    }
    const { 'proxy-authorization': _login, 'proxy-connection': _hop, ...headers } = request.headers;
    const way = http.request(
      new URL(request.url ?? ''),
      { method: request.method ?? 'GET', headers, localAddress: address, agent: false, timeout: IDLE_MS },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        this.count(answer);
        answer.pipe(response);
      },
    );
    way.on('timeout', () => way.destroy());
    way.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    response.on('close', () => way.destroy());
    this.count(request);
    request.pipe(way);
  }

  private count(body: http.IncomingMessage): void {
    body.on('data', (bytes: Buffer) => (this.carried += bytes.length));
  }

  private hold(socket: Duplex): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
  }
}

function dial(localAddress: string, host: string, port: number): Socket {
  const way = net.connect({ host, port, localAddress, timeout: CONNECT_MS });
  way.once('connect', () => way.setTimeout(IDLE_MS));
  way.on('timeout', () => way.destroy(new Error('no answer in time')));
  return way;
}

function isLogin(
  { username, password }: Pick<SoldProxy, 'username' | 'password'>,
  header: string | undefined,
): boolean {
  return header === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
