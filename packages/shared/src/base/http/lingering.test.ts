import { Socket } from 'node:net';
import { Lingering } from './lingering';

it('cuts off the connection that waits longest when more than 256 wait for their ends', () => {
  const lingering = new Lingering();
  const sockets = Array.from({ length: 258 }, () => new Socket());
  try {
    for (const socket of sockets.slice(0, 256)) lingering.add(socket);
    expect(sockets.filter((socket) => socket.destroyed)).toEqual([]);
    for (const socket of sockets.slice(256)) lingering.add(socket);
    expect(sockets.map((socket) => socket.destroyed)).toEqual(sockets.map((_, i) => i < 2));
  } finally {
    lingering.stop();
    for (const socket of sockets) socket.destroy();
  }
});
