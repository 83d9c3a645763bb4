// Clients that try to slow all others down, each shape in a process of its own, so that all of it ends at once. They
// use raw sockets and bytes made beforehand: their own cost must be small, or the test would measure it. shapes.ts says
// what each of them must have done.
import {
  KIB,
  chunked,
  get,
  headOf,
  json,
  largeOrder,
  listOf,
  names,
  newIdempotencyKey,
  serialNumber,
} from './attack-bytes.mjs';
import { aim, drip, flood, hold, keepComing, send, told } from './attack-sockets.mjs';

/** @typedef {import('./attack-sockets.mjs').Socket} Socket */
/** @typedef {import('./attack-sockets.mjs').AddressOf} AddressOf */
/**
 * @typedef {object} Target
 * @property {number} port
 * @property {string} base
 * @property {string} key
 * @property {readonly string[]} unknownKeys
 * @property {string} operation its id
 * @property {number} idle how many connections the processes may have
 */
/** @typedef {Target & { begin: true; shape: string }} Begin */

/** The address of one attacker, of a few hundred, and of as many as there are connections. */
const ALONE = () => '127.0.0.3';
/** @type {AddressOf} */
const FEW = (i) => `127.1.0.${1 + (i % 200)}`;
/** @type {AddressOf} */
const MANY = (i) => `127.2.${Math.floor(i / 250) % 250}.${1 + (i % 250)}`;

const PARALLEL = 119;

/**
 * Sends the same POST over and over.
 *
 * @param {object} request
 * @param {string} request.path
 * @param {string} request.key
 * @param {() => Buffer} request.bodyOf
 * @param {() => string} [request.more] lines of the head
 */
function post({ path, key, bodyOf, more = () => '' }) {
  flood(PARALLEL, FEW, (socket) => {
    const body = bodyOf();
    send(socket, headOf(path, key, body.length, more()), 0);
    send(socket, body);
  });
}

/** @type {Readonly<Record<string, (target: Target) => void>>} */
const SHAPES = {
  'pipelined requests, never read': () =>
    hold(40, ALONE, {
      reads: 'none',
      onOpen: (socket) => send(socket, Buffer.concat(Array(1_500).fill(get('/healthz'))), 1_500),
    }),
  '18 MB of pipelined requests over 350 connections': () =>
    hold(350, ALONE, {
      reads: 'none',
      onOpen: (socket) => send(socket, Buffer.concat(Array(1_500).fill(get('/healthz'))), 1_500),
    }),
  'contacts with as many names as 64 KiB hold': ({ base, key }) => {
    const body = names(64 * KIB);
    post({ path: `${base}/contacts`, key, bodyOf: () => body });
  },
  'contacts of 1 MB': ({ base, key }) => {
    const body = names(KIB * KIB);
    post({ path: `${base}/contacts`, key, bodyOf: () => body });
  },
  'a bulk with as many names as 1 MiB holds': ({ base, key }) => {
    const body = names(KIB * KIB);
    post({ path: `${base}/domains/bulk`, key, bodyOf: () => body, more: newIdempotencyKey });
  },
  'checks of 500 names': ({ base, key }) => {
    const body = json({ domains: listOf((i) => `checked-${i}.test`) });
    post({ path: `${base}/domains/check`, key, bodyOf: () => body });
  },
  'dry runs of 500 items': ({ base, key }) => {
    const body = json({ items: listOf((i) => ({ domain: `dry-${i}.test`, years: 1 })) });
    post({ path: `${base}/domains/bulk?dry_run=true`, key, bodyOf: () => body });
  },
  'dry runs of 500 items in 1 MB': ({ base, key }) => {
    const body = largeOrder();
    post({ path: `${base}/domains/bulk?dry_run=true`, key, bodyOf: () => body });
  },
  'quotes of 500 items': ({ base, key }) => {
    const body = json({ operation: 'register', items: listOf((i) => ({ domain: `quoted-${i}.test`, years: 1 })) });
    post({ path: `${base}/quotes`, key, bodyOf: () => body });
  },
  'slow heads': () => {
    /** @type {Set<Socket>} */
    const sockets = new Set();
    hold(900, FEW, {
      everyMs: 1,
      onOpen: (socket) => {
        send(socket, Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\n'));
        sockets.add(socket);
      },
    });
    drip(sockets, 500, Buffer.from('X-Slow: 1\r\n'));
  },
  'slow bodies': ({ base, key }) => {
    /** @type {Set<Socket>} */
    const sockets = new Set();
    hold(PARALLEL, FEW, {
      onOpen: (socket) => {
        send(socket, headOf(`${base}/domains/bulk?dry_run=true`, key, KIB * KIB));
        sockets.add(socket);
      },
    });
    drip(sockets, 250, Buffer.alloc(8 * KIB, ' '));
  },
  'bodies in crumbs': ({ base, key }) => {
    const crumbs = chunked(Buffer.alloc(60_000, ' '), 1);
    hold(100, FEW, {
      onOpen: (socket) => send(socket, Buffer.concat([headOf(`${base}/contacts`, key, null), crumbs])),
    });
  },
  'slow readers of large answers': ({ base }) =>
    hold(300, FEW, { everyMs: 2, reads: 'slowly', onOpen: (socket) => send(socket, get(`${base}/openapi.json`)) }),
  'idle connections': ({ idle }) => hold(idle, MANY, { everyMs: 0.12 }),
  'header bombs': () => {
    const lines = Buffer.from(`GET /api/v1/me HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(3_100)}\r\n`);
    const long = Buffer.from(`GET /api/v1/me HTTP/1.1\r\nHost: a\r\n${`X-Long: ${'x'.repeat(20_000)}`}\r\n\r\n`);
    keepComing(150, FEW, (socket) => send(socket, told.connections % 2 === 0 ? lines : long));
  },
  'unknown keys': ({ base, unknownKeys }) =>
    keepComing(250, FEW, (socket) => send(socket, get(`${base}/me`, unknownKeys[told.requests % unknownKeys.length]))),
  'long polls': ({ base, key, operation }) =>
    hold(300, FEW, {
      everyMs: 2,
      onOpen: (socket) => send(socket, get(`${base}/operations/${operation}?wait=30`, key)),
    }),
  'uploads broken off': ({ base, key }) =>
    keepComing(60, FEW, (socket) => {
      send(socket, headOf(`${base}/domains/bulk?dry_run=true`, key, 900_000));
      send(socket, Buffer.alloc(200_000, ' '), 0);
      setTimeout(() => socket.destroy(), 100);
    }),
  'new connections': () =>
    keepComing(400, FEW, (socket) => {
      send(socket, get('/healthz'));
      socket.on('data', () => socket.destroy());
    }),
  'bulks of 500 items': ({ base, key }) =>
    post({
      path: `${base}/domains/bulk`,
      key,
      bodyOf: () =>
        json({ items: listOf((i) => ({ domain: `bulk-${serialNumber()}-${i}-${process.pid}.test`, years: 1 })) }),
      more: newIdempotencyKey,
    }),
};

process.on('message', (/** @type {Begin | { begin: false }} */ asked) => {
  if (!asked.begin) {
    process.send?.(told);
    return;
  }
  aim(asked.port);
  SHAPES[asked.shape]?.(asked);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ shapes: Object.keys(SHAPES) });
