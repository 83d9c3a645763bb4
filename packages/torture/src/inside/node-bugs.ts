// The planted bugs that live in a proxy node.
import type { IsPlanted } from './control';
import { built, replace, shared } from './seams';

/** Private members that a bug reaches for. */
interface OpenPassage {
  resetFor(word: string): void;
}

export function plantNodeBugs(isPlanted: IsPlanted): void {
  judgeNameNotAddress(isPlanted);
  resetForgotten(isPlanted);
}

function judgeNameNotAddress(isPlanted: IsPlanted): void {
  const { prototype } = shared('base/egress/lookup').Lookup;
  replace(
    prototype,
    'find',
    (find) =>
      function (this: typeof prototype, target, families) {
        const isBlind = isPlanted('judge-name-not-address') && !target.isAddress;
        // The same with a judge that has nothing against an address.
        const lookup = isBlind ? (Object.create(this, { judge: { value: () => null } }) as typeof prototype) : this;
        return find.call(lookup, target, families);
      },
  );
}

function resetForgotten(isPlanted: IsPlanted): void {
  const { Passage } = built<{ Passage: { prototype: OpenPassage } }>('services/proxy/dist/node/passages.js');
  replace(
    Passage.prototype,
    'resetFor',
    (resetFor) =>
      function (this: OpenPassage, word) {
        if (!isPlanted('reset-forgotten')) resetFor.call(this, word);
      },
  );
}
