// The same queue, simulated request by request: it checks the formula that the plan relies on.

/**
 * Requests come at random (Poisson) and take exponential times; mean wait in ms.
 *
 * @param {{ servers: number; perSecond: number; serviceMs: number; requests: number; chance: () => number }} told
 */
export function simulatedWaitMs({ servers, perSecond, serviceMs, requests, chance }) {
  const freeAt = new Float64Array(servers);
  let now = 0;
  let waited = 0;
  for (let i = 0; i < requests; i += 1) {
    now += (-Math.log(1 - chance()) * 1_000) / perSecond;
    let first = 0;
    for (let server = 1; server < servers; server += 1)
      if ((freeAt[server] ?? 0) < (freeAt[first] ?? 0)) first = server;
    const begin = Math.max(now, freeAt[first] ?? 0);
    waited += begin - now;
    freeAt[first] = begin - Math.log(1 - chance()) * serviceMs;
  }
  return waited / requests;
}

/**
 * Repeatable chance in [0, 1).
 *
 * @param {number} seed
 */
export function chanceOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
