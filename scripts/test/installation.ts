// An installation of Lumi for the launcher's tests: a separate data folder, a free port, the real `npm start` as a
// process.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@lumi/shared/testing';

const root = join(__dirname, '..', '..');
const START_LIMIT_MS = 150_000;
const STOP_LIMIT_MS = 60_000;

export interface Demo {
  readonly gateway: string;
  readonly products: Record<
    'domains' | 'vps' | 'proxy',
    {
      readonly base: string;
      readonly operator: { readonly key: string };
      readonly reseller: { readonly user_id: string; readonly key: string };
    }
  >;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

export class Launch {
  said = '';
  ended: Ended | null = null;
  private readonly child: ChildProcess;

  constructor(env: Record<string, string>) {
    const { REDIS_URL: _redis, DATABASE_URL: _database, ...surroundings } = process.env;
    this.child = spawn(process.execPath, [join(root, 'packages', 'launcher', 'src', 'start.mjs')], {
      cwd: root,
      env: { ...surroundings, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
    this.child.on('close', (code, signal) => (this.ended = { code, signal, said: this.said }));
  }

  async ready(): Promise<this> {
    await until(() => this.said.includes('lumi is ready') || this.ended !== null, { timeoutMs: START_LIMIT_MS });
    if (this.ended !== null) throw new Error(`Lumi did not start: ${this.said}`);
    return this;
  }

  end(): Promise<Ended> {
    return until(() => this.ended, { timeoutMs: STOP_LIMIT_MS });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

export class Installation {
  private readonly parent = mkdtempSync(join(tmpdir(), 'lumi launcher '));
  readonly folder = join(this.parent, 'data');
  private readonly launches: Launch[] = [];

  start(env: Record<string, string> = {}): Launch {
    const launch = new Launch({ PORT: '0', LUMI_DATA_DIR: this.folder, ...env });
    this.launches.push(launch);
    return launch;
  }

  /** `npm run lumi -- …` on it. */
  lumi(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    const { DATABASE_URL: _database, REDIS_URL: _redis, ...surroundings } = process.env;
    const child = spawn(process.execPath, [join(root, 'packages/launcher/src/lumi.mjs'), ...args], {
      cwd: root,
      env: { ...surroundings, LUMI_DATA_DIR: this.folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, said })));
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  demo(): Demo {
    return JSON.parse(readFileSync(this.file('demo.json'), 'utf8')) as Demo; // written by the launcher under test
  }

  /** The processes that belong to it now: those in its lock, and PostgreSQL. */
  pids(): readonly number[] {
    const lock = JSON.parse(readFileSync(this.file('lock'), 'utf8')) as { children: { pid: number }[] }; // as above
    const [postgres = ''] = readFileSync(this.file('postgres/postmaster.pid'), 'utf8').split('\n');
    return [...lock.children.map(({ pid }) => pid), Number.parseInt(postgres, 10)];
  }

  async dispose(): Promise<void> {
    for (const launch of this.launches) {
      if (launch.ended !== null) continue;
      launch.kill('SIGTERM');
      await launch.end();
    }
    rmSync(this.parent, { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process.
    return false;
  }
}
