// A tunnel: what follows CONNECT and a SOCKS5 request. Bytes go through as they are.
import type { Client } from './client';
import type { Exits } from './exits';
import { wordOf } from './dial-failures';
import { DRY_END_MS, Link, type Dialled } from './link';
import type { Passage } from './passages';
import type { RefusalWord } from './refusals';
import { endWhenTaken, sentBytes, whenTaken } from './sockets';

export interface TunnelWish {
  readonly client: Client;
  readonly passage: Passage;
  readonly dialled: Dialled;
  readonly exits: Pick<Exits, 'markLost'>;
  /** What the client sent after its request already. */
  readonly head: Buffer;
  /** Tells the client that the tunnel is open. */
  readonly answer: Buffer;
  refuse(word: RefusalWord): void;
}

/** The client's socket is paused. */
export function openTunnel({ client, passage, dialled, exits, head, answer, refuse }: TunnelWish): void {
  const { socket } = client;
  const link = new Link(dialled, socket, passage, {
    opened: () => {
      client.deadlineMs = Infinity;
      socket.write(answer);
      socket.resume();
      link.send(head);
    },
    failed: (code) => {
      const word = wordOf(code);
      if (word === 'exit') exits.markLost(dialled.localAddress, code);
      passage.refusal = word;
      passage.end(true);
      refuse(word);
    },
    deliver: (bytes) => void socket.write(bytes),
    ended: () => {
      passage.isHalfClosed = true;
      endWhenTaken(socket);
    },
    closed: (isError) => {
      // Until the client has everything, the end of its right still takes the rest from it.
      whenTaken(socket, () => passage.end(isError));
      client.leave();
      if (passage.refusal === 'quota') client.goneWithin(DRY_END_MS);
    },
  });
  client.readBy({
    data: (bytes) => link.send(bytes),
    end: () => {
      passage.isHalfClosed = true;
      link.finish();
    },
    closed: () => {
      if (client.hasEnded) return link.leave();
      passage.end(false);
      return link.breakOff();
    },
  });
  passage.progress = () => sentBytes(socket) + link.sentBytes;
  passage.whenReset((why) => {
    if (why === 'idle') {
      // The kernel may still deliver what it has.
      link.close();
      socket.destroy();
    } else {
      link.reset();
      client.reset();
    }
  });
}
