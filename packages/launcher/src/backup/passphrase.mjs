// The passphrase of a backup: from LUMI_BACKUP_PASSPHRASE, from the file that LUMI_BACKUP_PASSPHRASE_FILE names, or
// asked for at the terminal. Never an argument: other users of the machine can read those.
import { readFileSync } from 'node:fs';
import { codeOf } from '../../../../scripts/errors.mjs';
import { Refusal } from '../refusal.mjs';

const NAME = 'LUMI_BACKUP_PASSPHRASE';
const LENGTH_MIN = 12;

/** @param {{ env: NodeJS.ProcessEnv; isNew: boolean }} told `isNew`: asked for twice, and it must be long enough */
export async function readPassphrase({ env, isNew }) {
  const passphrase = fromEnvironment(env) ?? (await askFor(isNew));
  if (isNew && passphrase.length < LENGTH_MIN)
    throw new Refusal(`A passphrase has at least ${LENGTH_MIN} characters. Who has the file and guesses it, has all.`);
  if (passphrase === '') throw new Refusal('The passphrase is empty.');
  return passphrase;
}

/** @param {NodeJS.ProcessEnv} env */
function fromEnvironment(env) {
  const direct = env[NAME] || undefined;
  const file = env[`${NAME}_FILE`] || undefined;
  if (direct !== undefined && file !== undefined)
    throw new Refusal(`${NAME} and ${NAME}_FILE are both set; set one of them.`);
  if (file === undefined) return direct;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (err) {
    throw new Refusal(`The file that ${NAME}_FILE names cannot be read (${codeOf(err) ?? 'unknown'}): ${file}`);
  }
}

/** @param {boolean} isNew */
async function askFor(isNew) {
  if (!process.stdin.isTTY)
    throw new Refusal(`There is no terminal to ask for the passphrase: set ${NAME}_FILE or ${NAME}.`);
  const first = await ask('Passphrase of the backup: ');
  if (isNew && (await ask('The same once more: ')) !== first) throw new Refusal('The two passphrases differ.');
  return first;
}

/**
 * A line from the terminal that is not shown.
 *
 * @param {string} question
 * @returns {Promise<string>}
 */
function ask(question) {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve, reject) => {
    let line = '';
    const end = (/** @type {() => void} */ then) => {
      stdin.off('data', listen);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      then();
    };
    const listen = (/** @type {Buffer} */ bytes) => {
      for (const character of bytes.toString('utf8')) {
        if (character === '\r' || character === '\n') return end(() => resolve(line));
        if (character === '\u0003' || character === '\u0004') return end(() => reject(new Refusal('Stopped.')));
        line = character === '\u007f' || character === '\b' ? [...line].slice(0, -1).join('') : line + character;
      }
    };
    stdin.on('data', listen);
  });
}
