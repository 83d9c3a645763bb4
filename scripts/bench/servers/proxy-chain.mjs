// The library to compare with: the same login, and the same exit.
import { Server } from 'proxy-chain';
import { ready } from './child.mjs';

const server = new Server({
  port: 0,
  host: '127.0.0.1',
  prepareRequestFunction: ({ username, password }) => ({
    requestAuthentication: username !== 'customer' || password !== 'secret-word',
    localAddress: '127.0.0.1',
    ipFamily: 4,
  }),
});
await server.listen();
ready(server.port);
