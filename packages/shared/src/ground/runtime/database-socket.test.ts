// A connection of `pg` by host and port, by address, and by the path of a socket.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseSocket } from './database-socket';

it.each(['localhost', '127.0.0.1'])('is made to %s', async (host) => {
  const server = createServer((socket) => socket.end('here')).listen(0, host);
  await once(server, 'listening');
  const socket = databaseSocket();
  socket.connect((server.address() as AddressInfo).port, host);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('here');
  socket.destroy();
  server.close();
});

it('is made to the path of a socket, and fails with the code of the system where there is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-socket-'));
  const path = join(folder, '.s.PGSQL.5432');
  const server = createServer((socket) => socket.end('here')).listen(path);
  await once(server, 'listening');
  const socket = databaseSocket();
  socket.connect(path);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('here');
  server.close();
  const gone = databaseSocket();
  gone.connect(join(folder, 'nothing'));
  const [err] = (await once(gone, 'error').catch((cause: unknown) => [cause])) as [NodeJS.ErrnoException];
  expect(err.code).toBe('ENOENT');
  rmSync(folder, { recursive: true });
});
