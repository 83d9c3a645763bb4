// The end of a connection whose request was answered before its body had arrived. Closed at once, the peer would lose
// the answer, because the system discards unread data when more arrives. Read to its end, a refused upload would cost
// as much as a served one. So the rest is discarded without parsing, in small pieces and in turns, until the peer has
// ended or its time is over.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Up to this many bytes of a refused body are read, and the connection is kept. */
const READ_TO_END_BYTES = 64 * 1024;
const STEP_MS = 25;
const SOCKETS_PER_STEP = 8;
const LINGER_STEPS = 120;
/** Each holds up to 128 KiB that it has read: 32 MiB together. Beyond it, the one that waits longest is cut off. */
const LINGERING_MAX = 256;

/** Whether the rest of a request is too large to keep the connection. */
export function leavesMuch(req: IncomingMessage): boolean {
  if (req.complete) return false;
  const { 'content-length': length } = req.headers;
  return length === undefined || !(Number.parseInt(length, 10) <= READ_TO_END_BYTES);
}

export class Lingering {
  private readonly stepsLeft = new Map<Socket, number>();
  private timer: NodeJS.Timeout | null = null;

  /** Its answer is being sent; no later bytes are parsed. */
  add(socket: Socket): void {
    if (socket.destroyed || this.stepsLeft.has(socket)) return;
    socket.pause();
    socket.removeAllListeners('data');
    socket.on('data', () => socket.pause());
    const forget = (): void => void this.stepsLeft.delete(socket);
    socket.once('end', () => socket.destroy()).once('close', forget);
    socket.end();
    const [longest] = this.stepsLeft.keys();
    if (longest !== undefined && this.stepsLeft.size >= LINGERING_MAX) {
      longest.destroy();
      this.stepsLeft.delete(longest);
    }
    this.stepsLeft.set(socket, LINGER_STEPS);
    this.timer ??= setInterval(() => this.step(), STEP_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private step(): void {
    let read = 0;
    for (const [socket, left] of [...this.stepsLeft]) {
      if (left <= 1) {
        socket.destroy();
        this.stepsLeft.delete(socket);
        continue;
      }
      this.stepsLeft.set(socket, left - 1);
      read += 1;
      if (read > SOCKETS_PER_STEP) continue;
      // Back to the end of the queue: the others come first next time.
      this.stepsLeft.delete(socket);
      this.stepsLeft.set(socket, left - 1);
      socket.resume();
    }
    if (this.stepsLeft.size === 0) this.stop();
  }
}
