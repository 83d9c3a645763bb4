// What Node's sockets lack: a reset that waits for nothing, and a word when the kernel has everything.
import type { Socket } from 'node:net';

const EMPTY = Buffer.alloc(0);

/**
 * Ends the connection so that the kernel delivers no more of what it holds. `resetAndDestroy` alone waits until
 * everything is written and sends a FIN before; `destroy` in the same tick prevents both. While a FIN is on its way
 * (the socket was ended, and everything before is written) libuv refuses a reset, and the socket would stay open for
 * ever: it is closed without one.
 */
export function resetNow(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (!isEnding) socket.resetAndDestroy();
  socket.destroy();
}

/** Calls when the kernel has everything that was written, or when the socket is gone. */
export function whenTaken(socket: Socket, goOn: () => void): void {
  if (socket.destroyed || socket.writableLength === 0) goOn();
  else socket.write(EMPTY, () => goOn());
}

/** Says that no more comes, after everything that was written. */
export function endWhenTaken(socket: Socket): void {
  whenTaken(socket, () => socket.end());
}

/** How much the kernel has taken. */
export function sentBytes(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}
