// `npm test`: from a bare clone to jest's closing line. Further arguments go to jest: npm test -- gateway, npm test --
// sweep --seed 7
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './build.mjs';
import { bundle } from './bundle.mjs';
import { messageOf } from './errors.mjs';
import { install } from './install.mjs';

try {
  await install();
  // Tests compile by themselves, but those of whole processes start what was built.
  await bundle();
  // Loaded here: it needs what has just been installed.
  const { generateClient } = await import('./client.mjs');
  await generateClient();
} catch (err) {
  console.error(messageOf(err));
  process.exit(1);
}

// Tests make their random choices by this seed, which stays the same unless another is given.
const wishes = process.argv.slice(2);
const seed = wishes.some((wish) => /^--seed(=|$)/.test(wish)) ? [] : ['--seed', '1'];
const child = spawn(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...wishes, ...seed], {
  cwd: root,
  env: wishes.length === 0 ? { ...process.env, LUMI_TEST_WHOLE: 'true' } : process.env,
  stdio: 'inherit',
});
// Ctrl-C reaches jest by the terminal already; SIGTERM reaches only us.
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.on('SIGINT', () => undefined);
child.on('close', (code, signal) => process.exit(signal ? 1 : code));
