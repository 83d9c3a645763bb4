// Ends a server of the harness when the harness is killed.
import { spawn } from 'node:child_process';

/** Waits for the end of the harness, and ends the server unless the harness has done so. */
const GUARD =
  `let kept = false; process.stdin.on('data', () => (kept = true)); process.stdin.on('end', () => { if ` +
  `(!kept) try { process.kill(Number(process.argv[1]), 'SIGQUIT'); } catch {} process.exit(0); });`;

/** Call what it returns when the server has been stopped. */
export function guard(pid: number | undefined): () => void {
  const process = spawn(globalThis.process.execPath, ['-e', GUARD, String(pid ?? 0)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  process.unref();
  return () => {
    if (!process.stdin.writableEnded) process.stdin.end('kept');
  };
}
