// What can be read from something that was thrown, which may be anything.

/**
 * The code of a system error (`ENOENT`) or of PostgreSQL (`28P01`); undefined where there is none.
 *
 * @param {unknown} err
 * @returns {string | undefined}
 */
export function codeOf(err) {
  return typeof err === 'object' && err !== null && 'code' in err && typeof err.code === 'string'
    ? err.code
    : undefined;
}

/**
 * @param {unknown} err
 * @returns {string}
 */
export function messageOf(err) {
  return typeof err === 'object' && err !== null && 'message' in err ? String(err.message) : String(err);
}

/**
 * For our own faults: with the stack, where there is one.
 *
 * @param {unknown} err
 * @returns {string}
 */
export function stackOf(err) {
  return (err instanceof Error ? err.stack : undefined) ?? messageOf(err);
}
