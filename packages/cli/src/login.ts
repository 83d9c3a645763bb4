// `lumi login`: stores a key after Lumi has taken it.
import { ask, askHidden, isTerminal, readInput } from './ask';
import { PRODUCTS } from './commands';
import type { Surroundings } from './config';
import { connect, productOfKey } from './connect';
import { DONE, Ending, NOT_UNDERSTOOD } from './ending';
import type { Options } from './input';
import { readProfiles, saveProfiles, type Profile } from './profiles';

export async function login(surroundings: Surroundings, given: string | undefined, options: Options): Promise<number> {
  const profile = await questions(surroundings, given, options);
  const { key, user } = (await connect(profile).call('get-me')) as {
    key: { type: string };
    user: { id: string } | null;
  };
  const others = readProfiles(surroundings.folder).filter(({ name }) => name !== profile.name);
  saveProfiles(surroundings.folder, [profile, ...others]);
  process.stderr.write(`Logged in: ${profile.name}, ${key.type} ${user?.id ?? ''}\n`);
  return DONE;
}

async function questions({ apiUrl }: Surroundings, given: string | undefined, options: Options): Promise<Profile> {
  const isAsked = isTerminal();
  const piped = isAsked ? [] : (await readInput()).split('\n').map((line) => line.trim());
  const url = origin(given ?? apiUrl ?? (isAsked ? await ask('Address of the gateway: ') : ''));
  const key = isAsked ? await askHidden('Key (not shown): ') : (piped[0] ?? '');
  const product = productOfKey(key);
  if (product === null) throw new Ending(NOT_UNDERSTOOD, `That is no key of ${PRODUCTS.join(', ')}.`);
  const name = typeof options['name'] === 'string' ? options['name'] : `${product}@${new URL(url).host}`;
  const { signing } = options;
  if (signing === undefined) return { name, product, url, key };
  if (signing !== 'v1' && signing !== 'v2') throw new Ending(NOT_UNDERSTOOD, '--signing must be v1 or v2.');
  const signingSecret = isAsked ? await askHidden('Signing secret (not shown): ') : (piped[1] ?? '');
  return { name, product, url, key, signing, signingSecret };
}

function origin(text: string): string {
  try {
    const { protocol, origin: found } = new URL(text);
    if (/^https?:$/.test(protocol)) return found;
  } catch {
    // Said below.
  }
  throw new Ending(NOT_UNDERSTOOD, 'The address of the gateway is needed, such as https://api.example.com.');
}

export function listProfiles({ folder }: Surroundings): number {
  for (const { name, url, key } of readProfiles(folder))
    process.stdout.write(`${name}  ${url}  ${key.slice(0, key.lastIndexOf('_') + 5)}…\n`);
  return DONE;
}

export function logout({ folder }: Surroundings, name: string): number {
  const profiles = readProfiles(folder);
  if (!profiles.some((one) => one.name === name)) throw new Ending(NOT_UNDERSTOOD, `There is no profile ${name}.`);
  saveProfiles(
    folder,
    profiles.filter((one) => one.name !== name),
  );
  return DONE;
}
