// Child processes of the bench: started, asked for their port over IPC, measured in CPU seconds, stopped by their own
// handle.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';

const READY_LIMIT_MS = 30_000;
const TICKS_PER_SECOND = 100;

const running = new Set();

export async function startProcess({ name, script, env }) {
  const child = fork(script, {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const port = await new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready within ${READY_LIMIT_MS} ms`)),
      READY_LIMIT_MS,
    );
    child.on('message', (message) => {
      if (message?.type !== 'ready') return;
      clearTimeout(timer);
      resolve(message.port);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { name, origin: `http://127.0.0.1:${port}`, cpuSeconds: () => cpuSeconds(child.pid), stop: () => stop(child) };
}

export async function stopAll() {
  await Promise.all([...running].map(stop));
}

async function stop(child) {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

/** User and system time of the whole process; null where there is no /proc. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}
