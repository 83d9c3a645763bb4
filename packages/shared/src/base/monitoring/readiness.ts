// Whether a process can do its work; `starting` until it serves. A dependency without which it can do none makes it
// `not_ready`; one that it can do without for a while is only named. From the first moment of a stop it is `stopping`,
// so that load balancers send nothing more while requests in flight are finished.
import { inFairTime } from '../../ground/runtime';

export interface Dependency {
  /** In answers: a name, no address. */
  readonly name: string;
  /** Without it the process can do nothing. */
  readonly isVital: boolean;
  /** Rejects, or takes too long, while the dependency is away. */
  check(): Promise<unknown>;
}

export interface ReadyAnswer {
  readonly status: 200 | 503;
  readonly body: {
    readonly status: 'starting' | 'ready' | 'not_ready' | 'stopping';
    readonly away?: readonly string[];
  };
}

const CHECK_LIMIT_MS = 2_000;
/** Several probes within this time share one check. */
const FRESH_MS = 1_000;

export class Readiness {
  private readonly dependencies: Dependency[] = [];
  private phase: 'starting' | 'serving' | 'stopping' = 'starting';
  private last: { readonly atMs: number; readonly found: Promise<readonly Found[]> } | null = null;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  needs(...dependencies: readonly Dependency[]): void {
    this.dependencies.push(...dependencies);
  }

  started(): void {
    if (this.phase === 'starting') this.phase = 'serving';
  }

  stop(): void {
    this.phase = 'stopping';
  }

  /** From the first moment of a stop. */
  get isStopping(): boolean {
    return this.phase === 'stopping';
  }

  /** Each dependency by its name, and whether it is there. */
  async states(): Promise<readonly (readonly [name: string, isThere: boolean])[]> {
    return (await this.find()).map(({ name, isThere }) => [name, isThere]);
  }

  async answer(): Promise<ReadyAnswer> {
    if (this.phase !== 'serving') return { status: 503, body: { status: this.phase } };
    const away = (await this.find()).filter(({ isThere }) => !isThere);
    const isReady = !away.some(({ isVital }) => isVital);
    return {
      status: isReady ? 200 : 503,
      body: {
        status: isReady ? 'ready' : 'not_ready',
        ...(away.length === 0 ? {} : { away: away.map(({ name }) => name) }),
      },
    };
  }

  private find(): Promise<readonly Found[]> {
    const now = this.nowMs();
    if (this.last === null || now - this.last.atMs >= FRESH_MS) {
      const found = this.dependencies.map(async (one) => ({ ...one, isThere: await isThere(one) }));
      this.last = { atMs: now, found: Promise.all(found) };
    }
    return this.last.found;
  }
}

type Found = Pick<Dependency, 'name' | 'isVital'> & { readonly isThere: boolean };

async function isThere(dependency: Dependency): Promise<boolean> {
  try {
    await inFairTime(CHECK_LIMIT_MS, dependency.check());
    return true;
  } catch {
    return false;
  }
}
