import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { resetNow } from '../src/node/sockets';

describe('a socket that is reset', () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined));
  beforeAll(async () => once(server.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => server.close());
  const opened = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };

  it.each(['at once', 'while it ends', 'after it has ended'])(
    '%s is closed, and nothing of it stays open',
    async (when) => {
      const socket = await opened();
      const closed = once(socket, 'close');
      socket.write('x');
      if (when !== 'at once') socket.end();
      if (when === 'after it has ended') await once(socket, 'finish');
      resetNow(socket);
      await closed;
      expect(socket.errored).toBeNull();
    },
  );
});
