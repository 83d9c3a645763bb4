// What the command line reads from its surroundings.
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Surroundings {
  readonly apiKey: string | undefined;
  readonly apiUrl: string | undefined;
  readonly signingSecret: string | undefined;
  readonly signing: string | undefined;
  readonly profile: string | undefined;
  /** The user's own folder for settings. */
  readonly folder: string;
}

export function readSurroundings(env: Readonly<Record<string, string | undefined>> = process.env): Surroundings {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const config = given('XDG_CONFIG_HOME') ?? given('APPDATA') ?? join(given('HOME') ?? homedir(), '.config');
  return {
    apiKey: given('LUMI_API_KEY'),
    apiUrl: given('LUMI_API_URL'),
    signingSecret: given('LUMI_SIGNING_SECRET'),
    signing: given('LUMI_SIGNING'),
    profile: given('LUMI_PROFILE'),
    folder: join(config, 'lumi'),
  };
}
