// What a planted bug says of itself.
import type { Product } from '@lumi/shared/contract';

export interface PlantedBug {
  readonly name: string;
  readonly what: string;
  /** Seed and steps of the run that catches it. */
  readonly seed: number;
  readonly steps: readonly string[];
  /** What must run; absent: domains. */
  readonly products?: readonly Product[];
  /** One of these invariants must be broken, told by a part of its name. */
  readonly rules: readonly string[];
  /** Items of a bulk. */
  readonly items?: number;
  /** How long after healing what the bug does may come. */
  readonly waitMs?: number;
  /** Functions (of the schema `platform` unless they name one), and what is replaced in each. */
  readonly functions?: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>;
  readonly alter?: readonly string[];
  /** What takes `alter` back. */
  readonly undo?: readonly string[];
}
