// A slow link whose receiver does not read: what the proxy holds back arrives whole and in order.
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { until } from '../waiting';
import { FaultProxy } from './fault-proxy';

const CHUNK = 256 * 1024;
const CHUNKS = 40;
const LATENCY_MS = 50;
const LIMIT_MS = 10_000;

describe('FaultProxy', () => {
  it('waits once for a receiver that is full, however many chunks it holds back, and passes every byte in order', async () => {
    const receivers: Socket[] = [];
    const server = createServer((socket) => receivers.push(socket.pause()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const proxy = await new FaultProxy({ name: 'link', upstreams: () => [port] }).listen();
    proxy.latencyMs = LATENCY_MS;
    let seen = 0;
    proxy.onRequestBytes = (chunk) => (seen += chunk.length);
    const listened = jest.spyOn(Socket.prototype, 'once');
    const sender = connect(proxy.port, '127.0.0.1');
    await once(server, 'connection');
    for (let i = 0; i < CHUNKS; i += 1) sender.write(Buffer.alloc(CHUNK, i));

    // The proxy has read everything, and now writes all of it to a receiver that does not read.
    expect(await until(() => seen === CHUNK * CHUNKS, LIMIT_MS)).toBe(true);
    proxy.latencyMs = 0;
    const waits = () => listened.mock.calls.filter(([event]) => String(event) === 'drain').length;
    expect(await until(() => waits() > 0, LIMIT_MS)).toBe(true);
    expect(waits()).toBe(1);

    const received: Buffer[] = [];
    let size = 0;
    const [receiver] = receivers;
    receiver?.on('data', (chunk: Buffer) => {
      received.push(chunk);
      size += chunk.length;
    });
    receiver?.resume();
    expect(await until(() => size === CHUNK * CHUNKS, LIMIT_MS)).toBe(true);
    const all = Buffer.concat(received);
    const firstBytes = Array.from({ length: CHUNKS }, (_, i) => all[i * CHUNK]);
    expect(firstBytes).toEqual(Array.from({ length: CHUNKS }, (_, i) => i));

    listened.mockRestore();
    for (const socket of receivers) socket.on('error', () => undefined);
    await proxy.close();
    sender.destroy();
    server.close();
  });
});
