// Runs examples as readers would: curl and Python as processes, TypeScript with the client of this repository.
import { execFile, spawnSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import { transformSync } from 'esbuild';
import * as client from '@lumi/client';

const TIMEOUT_MS = 60_000;

export function has(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

/** What it printed. Throws what it printed to stderr when it fails. */
export function runProgram(program: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const whole = { PATH: process.env['PATH'] ?? '', NO_PROXY: '*', ...env };
    execFile(program, args, { env: whole, timeout: TIMEOUT_MS, maxBuffer: 16 << 20 }, (err, out, said) => {
      if (err === null) resolve(out);
      else reject(new Error(`${said}\n${out}\nof\n${args.join(' ')}`));
    });
  });
}

/** Each curl prints the status behind its answer. */
export function runShell(code: string, env: Record<string, string>): Promise<string> {
  const quiet = String.raw`curl() { command curl -sS -w '\n%{http_code}\n' "$@"; }`;
  return runProgram('bash', ['-euc', `${quiet}\n${code}`], env);
}

/** One program of its own, at the top level of a module. */
export async function runScript(code: string, env: Record<string, string>): Promise<readonly string[]> {
  const { code: plain } = transformSync(code, { loader: 'ts', target: 'es2022' });
  const body = plain
    .replace(/^import (\{.*\}) from "@lumi\/client";$/m, 'const $1 = client;')
    .replace(/^import (\{.*\}) from "node:crypto";$/m, 'const $1 = crypto;');
  expect(body).not.toMatch(/^import/m);
  const printed: string[] = [];
  const fakeConsole = { log: (...words: unknown[]) => void printed.push(words.join(' ')) };
  const AsyncFunction = (async () => undefined).constructor as new (
    ...texts: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction('client', 'crypto', 'console', 'process', body)(client, crypto, fakeConsole, { env });
  return printed;
}
