// The harness's own redis-server is asked by plain sockets; nothing that it does not answer holds a run up.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { RedisServer } from './redis';

describe('RedisServer', () => {
  it.each([
    ['closes the connection without an answer', (socket: Socket) => socket.end()],
    ['never answers', () => undefined],
  ])('rejects a command when the server %s', async (_what, behave) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.resume());
      behave(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    await expect(new RedisServer(port).command('PING', 300)).rejects.toThrow('Redis gave no answer to PING');
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
});
