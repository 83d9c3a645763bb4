// Answers about addresses that never change. The same few addresses are dialled again and again, and to read one costs
// as much as the rest of the judgement.

const KEPT_MAX = 10_000;

/** `answerOf` must depend on the address alone. */
export function remembered<T>(answerOf: (address: string) => T): (address: string) => T {
  const kept = new Map<string, T>();
  return (address) => {
    const found = kept.get(address);
    if (found !== undefined) return found;
    const answer = answerOf(address);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(address, answer);
    return answer;
  };
}
