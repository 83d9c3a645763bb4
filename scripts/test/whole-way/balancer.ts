// Stands before the processes of one service as a load balancer does: connections in turn, and past a process that
// takes none.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

export async function balance(ports: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined); // its partner learns of it by `close`
    socket.once('close', () => sockets.delete(socket));
  };
  const dial = (client: Socket, [port, ...others]: readonly number[]): void => {
    if (port === undefined) {
      client.destroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    keep(server);
    server.setNoDelay(true);
    let isConnected = false;
    server.once('connect', () => {
      isConnected = true;
      client.pipe(server).pipe(client);
      client.once('close', () => server.destroy());
    });
    server.once('close', () => {
      if (isConnected) client.destroy();
      else dial(client, others);
    });
  };
  const balancer = createServer((client) => {
    keep(client);
    client.setNoDelay(true);
    const from = (turn += 1) % ports.length;
    dial(client, [...ports.slice(from), ...ports.slice(0, from)]);
  });
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  return {
    port: (balancer.address() as AddressInfo).port, // a TCP server
    close: () =>
      new Promise((resolve) => {
        balancer.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
