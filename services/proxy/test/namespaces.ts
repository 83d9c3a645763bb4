// Network namespaces of Linux for tests: machines with addresses of their own, on one wire. They need root and `ip`.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const LIMIT_MS = 60_000;
const root = join(__dirname, '..', '..', '..');

/** Null: namespaces can be made here. Otherwise why not. */
export function whyNoNamespaces(): string | null {
  const name = `lumi-try-${String(process.pid)}`;
  if (process.platform !== 'linux') return 'this is no Linux';
  if (process.getuid?.() !== 0) return 'this is not run as root';
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    // Containers may have namespaces without a wire, or without IPv6.
    execFileSync('ip', ['-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1'], ignored);
    execFileSync('ip', ['netns', 'exec', name, 'sysctl', '-w', 'net.ipv6.ip_nonlocal_bind=0'], ignored);
    return null;
  } catch {
    return '`ip netns`, `veth` or `sysctl` cannot be used here';
  } finally {
    try {
      execFileSync('ip', ['netns', 'delete', name], ignored);
    } catch {
      // It was not made.
    }
  }
}

const ignored = { stdio: 'ignore' } as const;

export interface Outcome {
  readonly code: number;
  readonly out: string;
}

/** A program that runs in a machine. */
export class Program {
  said = '';

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await ended;
  }
}

export class Machine {
  readonly programs: Program[] = [];

  constructor(readonly name: string) {
    execFileSync('ip', ['netns', 'add', name]);
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  }

  ip(line: string): void {
    execFileSync('ip', ['-n', this.name, ...line.split(' ')]);
  }

  run(program: string, args: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile('ip', ['netns', 'exec', this.name, program, ...args], { timeout: LIMIT_MS }, (err, stdout, stderr) => {
        resolve({ code: err === null ? 0 : Number(err.code ?? 1), out: stdout + stderr });
      });
    });
  }

  start(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const child = spawn('ip', ['netns', 'exec', this.name, program, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = new Program(child);
    this.programs.push(started);
    return started;
  }

  async dispose(): Promise<void> {
    for (const program of this.programs) await program.stop();
    execFileSync('ip', ['netns', 'delete', this.name]);
  }
}

/** A wire between two machines, `eth0` at each end. */
export function connectMachines(one: Machine, other: Machine): void {
  execFileSync('ip', `link add eth0 netns ${one.name} type veth peer name eth0 netns ${other.name}`.split(' '));
  for (const machine of [one, other]) machine.ip('link set eth0 up');
}

/** One JavaScript file of a source file and all that it imports, which runs without this test's compiler. */
export async function bundled(source: string, file: string): Promise<string> {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    tsconfig: join(root, 'tsconfig.check.json'),
    define: { navigator: '{"userAgent":"Node.js"}' },
    logLevel: 'error',
    external: ['@prisma/client/runtime/query_compiler*', '@prisma/schema-engine-wasm', 'msgpackr-extract'],
  });
  return file;
}
