// Limits the bytes of bodies held at once, of one key and of all keys together. A body counts from its first byte until
// the answer is sent. When all is in use, each key may still use an even share; a key with more has to wait.
import { AppError } from '@lumi/shared/contract';

export interface BodyBudgetOptions {
  readonly perKeyBytes: number;
  readonly allBytes: number;
}

export const BODY_BUDGET: BodyBudgetOptions = { perKeyBytes: 16 * 1024 * 1024, allBytes: 96 * 1024 * 1024 };
const RETRY_AFTER_S = 2;

export class BodyBudget {
  private readonly held = new Map<string, number>();
  private all = 0;

  constructor(private readonly options: BodyBudgetOptions = BODY_BUDGET) {}

  get heldBytes(): number {
    return this.all;
  }

  /** Throws 429 or 503 and takes nothing. Call `give` for each successful take. */
  take(name: string, bytes: number): void {
    const { perKeyBytes, allBytes } = this.options;
    const before = this.held.get(name) ?? 0;
    const after = before + bytes;
    if (after > perKeyBytes)
      throw new AppError(
        'rate_limited',
        'Too many bytes of this key’s requests are on their way. Send fewer or smaller ones at once.',
        { retryAfterS: RETRY_AFTER_S },
      );
    const holders = this.held.size + (before === 0 ? 1 : 0);
    if (this.all + bytes > allBytes && after > allBytes / holders)
      throw new AppError('service_unavailable', undefined, { retryAfterS: RETRY_AFTER_S });
    this.held.set(name, after);
    this.all += bytes;
  }

  give(name: string, bytes: number): void {
    const left = (this.held.get(name) ?? 0) - bytes;
    if (left > 0) this.held.set(name, left);
    else this.held.delete(name);
    this.all -= bytes;
  }
}
