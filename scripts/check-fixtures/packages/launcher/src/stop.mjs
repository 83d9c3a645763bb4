// must fail: typescript(no-floating-promises)
/** @returns {Promise<void>} */
async function settle() {}

export function stop() {
  settle();
}
