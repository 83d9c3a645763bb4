// A tunnel: what follows CONNECT and a SOCKS5 request. Bytes go through as they are.
import type { Client } from './client';
import type { Exits } from './exits';
import { wordOf } from './dial-failures';
import type { Dialled } from './dialled';
import { DRY_END_MS, Link } from './link';
import type { Passage } from './passages';
import type { RefusalWord } from './refusals';
import { endWhenTaken, sentBytes, whenTaken } from './sockets';

const EMPTY = Buffer.alloc(0);

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

export function openTunnel({ client, passage, dialled, exits, head, answer, refuse }: TunnelWish): void {
  const { socket } = client;
  /** What came before the tunnel was open. */
  let early = head;
  let isOpen = false;
  const link = new Link(dialled, socket, passage, {
    opened: () => {
      isOpen = true;
      client.deadlineMs = Infinity;
      socket.write(answer);
      if (socket.isPaused()) socket.resume();
      link.send(early);
      early = EMPTY;
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
  const finish = (): void => {
    passage.isHalfClosed = true;
    link.finish();
  };
  client.readBy({
    data: (bytes) => {
      if (isOpen) return link.send(bytes);
      socket.pause();
      early = Buffer.concat([early, bytes]);
    },
    end: finish,
    closed: () => {
      if (client.hasEnded) return link.leave();
      passage.end(false);
      return link.breakOff();
    },
  });
  if (client.hasEnded) finish(); // while its target was looked up
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
