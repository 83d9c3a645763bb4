// Runs one check in a separate process, so that several run at once: run-check.mjs MODULE FUNCTION. The findings go to
// the parent; the output is shown only when the check fails.
import { stackOf } from '../errors.mjs';

/** @typedef {{ found: import('./checks.mjs').Found } | { failed: string }} Answer */

const [module = '', name = ''] = process.argv.slice(2);

/** @param {Answer} answer */
const tell = (answer, code = 0) => process.send?.(answer, undefined, undefined, () => process.exit(code));

try {
  const { [name]: check } = await import(`./${module}.mjs`);
  tell({ found: await check() });
} catch (err) {
  tell({ failed: stackOf(err) }, 1);
}
