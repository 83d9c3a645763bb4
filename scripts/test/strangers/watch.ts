// The maximum memory of Lumi's processes, and how long they waited for a processor.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** The memory of these must have been measured. */
export const WATCHED = ['gateway', 'domains', 'domains-worker'] as const;

interface Watched {
  readonly name: string;
  readonly pid: number;
  readonly before: Turns;
}

interface Turns {
  readonly ranNs: number;
  readonly waitedNs: number;
}

export class Watch {
  private readonly memoryMiB: Record<string, number> = {};
  private readonly timer: NodeJS.Timeout;
  private readonly watched: readonly Watched[];

  constructor(private readonly pidsNow: () => readonly number[]) {
    this.watched = pidsNow().flatMap((pid) => {
      const name = nameOf(pid);
      return name === null ? [] : [{ name, pid, before: turnsOf(pid) }];
    });
    this.look();
    this.timer = setInterval(() => this.look(), HAS_PROC ? 100 : 500);
  }

  /** `crowd`: how many times longer they took because other processes had the processors; 1 where that is not known. */
  stop(): { memoryMiB: Readonly<Record<string, number>>; crowd: number; gone: readonly string[] } {
    clearInterval(this.timer);
    this.look();
    const crowds = this.watched.map(({ pid, before }) => {
      const { ranNs, waitedNs } = turnsOf(pid);
      const ran = ranNs - before.ranNs;
      return ran > 0 ? (ran + waitedNs - before.waitedNs) / ran : 1;
    });
    const now = this.pidsNow();
    return {
      memoryMiB: this.memoryMiB,
      crowd: Math.max(1, ...crowds),
      gone: this.watched.filter(({ pid }) => !now.includes(pid)).map(({ name }) => name),
    };
  }

  private look(): void {
    for (const { name, pid } of this.watched) {
      const kib = memoryKibOf(pid);
      if (kib > 0) this.memoryMiB[name] = Math.max(this.memoryMiB[name] ?? 0, Math.round(kib / 1024));
    }
  }
}

const HAS_PROC = existsSync('/proc/self/status');

/** `gateway`, `domains`, `domains-worker` …; null: another process. */
function nameOf(pid: number): string | null {
  const command = HAS_PROC ? readProc(pid, 'cmdline') : ps(pid, 'command');
  const [, gateway, product, part] =
    /(?:(gateway)|services\/(\w+))\/dist\/(server|worker)/.exec(command) ?? ([] as (string | undefined)[]);
  if (gateway !== undefined) return gateway;
  if (product === undefined) return null;
  return part === 'worker' ? `${product}-worker` : product;
}

function memoryKibOf(pid: number): number {
  const text = HAS_PROC ? /^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1] : ps(pid, 'rss');
  return Number.parseInt(text ?? '', 10) || 0;
}

/** Of the main thread. */
function turnsOf(pid: number): Turns {
  const [ranNs = 0, waitedNs = 0] = readProc(pid, 'schedstat').split(' ').map(Number);
  return { ranNs, waitedNs };
}

export function openFilesMax(pid: number): number {
  return Number.parseInt(/^Max open files\s+(\d+)/m.exec(readProc(pid, 'limits'))?.[1] ?? 'Infinity', 10) || Infinity;
}

function readProc(pid: number, name: string): string {
  const file = `/proc/${String(pid)}/${name}`;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended, or there is no /proc
  }
}

function ps(pid: number, field: 'rss' | 'command'): string {
  try {
    return execFileSync('ps', ['-ww', '-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
