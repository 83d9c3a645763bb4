// Runs a tool of node_modules and returns its output; the caller checks the exit code.
import { spawn } from 'node:child_process';

/** @typedef {{ readonly code: number | null; readonly out: string; readonly err: string }} Ran */

/**
 * @param {string} script
 * @param {readonly string[]} args
 * @param {{ cwd: string }} place
 * @returns {Promise<Ran>}
 */
export function runTool(script, args, { cwd }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const out = [];
    /** @type {Buffer[]} */
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    );
  });
}

/**
 * The report of a tool, whose form the caller knows.
 *
 * @template T
 * @param {string} name
 * @param {Ran} ran
 * @returns {T}
 */
export function parseReport(name, { out, err, code }) {
  try {
    return JSON.parse(out);
  } catch (cause) {
    throw new Error(`${name} failed (exit code ${code}): ${(err || out).trim().slice(0, 2_000)}`, { cause });
  }
}
