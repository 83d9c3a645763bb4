// The commands of docs/deploying.md from nothing to the first sale, read from the page and carried out in a fresh copy
// of this checkout, in one shell, as a person at a terminal does. Around it is what this machine lacks: packages are
// there already, podman needs other flags where CAP_SYS_RESOURCE is missing, images come from no registry, and nothing
// is done by systemd.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../build.mjs';
import { must } from './built-images.mjs';
import { isFree, portsOfNode } from './node-ports.mjs';
import { freePort } from '../postgres.mjs';
import { NODE_IMAGE, SERVERS_IMAGE } from './stand-ins.mjs';

const SECTION = 'From nothing to the first sale';
const COMMAND_LIMIT_MS = 10 * 60_000;
const PORT = 8080;
/** Of systemd. */
const SOCKET = '/run/podman/podman.sock';
const PROJECT = 'lumi-walk-test';
/** The page says to go on when this calls each container healthy. */
const LOOK = 'docker-compose ps';
const HEALTHY_LIMIT_MS = 3 * 60_000;
/** What the page calls by a name in angle brackets, as commands print it. */
const PRINTED = { user_id: /\busr_[0-9a-z]{24}\b/g, key: /\blumi_[a-z]+_[0-9A-Za-z]{20,}\b/g };

/** @typedef {import('./engine.mjs').Engine} Engine */

/**
 * The commands of a section, a line each; lines that end with a backslash are one.
 *
 * @param {string} page
 * @param {string} title
 */
export function commandsOf(page, title) {
  const [, section = ''] = page.split(new RegExp(`^#+ ${title}$`, 'm'));
  const [own = ''] = section.split(/^#+ /m);
  const blocks = [...own.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);
  return blocks.flatMap((text) => text.replaceAll('\\\n', ' ').trim().split('\n'));
}

/**
 * @param {Engine} engine with its API served
 * @param {string} folder
 * @param {(cleanup: () => unknown) => void} later
 */
export async function walk(engine, folder, later) {
  const copy = join(folder, 'lumi');
  await engine.run('git', ['clone', '--quiet', '--local', root, copy]);
  const tools = standInTools(engine, folder);
  const ports = await freePorts();
  const override = join(folder, 'walk.yml');
  const services = Object.fromEntries(['postgres', 'redis', 'edge'].map((name) => [name, { image: SERVERS_IMAGE }]));
  writeFileSync(override, JSON.stringify({ services }));
  const env = {
    ...engine.env,
    ...ports,
    PATH: `${tools}:${process.env.PATH}`,
    COMPOSE_FILE: `docker-compose.yml:${override}`,
    COMPOSE_PROJECT_NAME: PROJECT,
  };
  later(() => run(env, copy, 'docker-compose --profile proxy-node down --volumes --remove-orphans --timeout 45'));
  engine.watchHealth(PROJECT);

  const commands = commandsOf(readFileSync(join(copy, 'docs', 'deploying.md'), 'utf8'), SECTION);
  must(commands.length > 10, `docs/deploying.md has ${commands.length} commands under “${SECTION}”`);
  const shell = new Shell(env, copy);
  later(() => shell.end());
  let printed = '';
  for (const command of commands) {
    const filled = fill(command, printed)
      .replaceAll(`127.0.0.1:${PORT}`, `127.0.0.1:${ports.PORT}`)
      .replaceAll(SOCKET, engine.socket);
    const { code, text } = await (filled === LOOK ? untilHealthy(shell) : shell.run(filled));
    must(code === 0, `docs/deploying.md: ${command}\nended with ${code}:\n${text.slice(-4_000)}`);
    printed += text;
  }
  const [sold] = /"domain":"[^"]+"/.exec(printed) ?? [];
  must(sold === '"domain":"my-first-lumi-name.com"', `the page sold ${sold}`);
  const [exit = '', ip] = /"exit_ip":"([^"]+)"/.exec(printed) ?? [];
  must(ip !== undefined && printed.split(exit).at(-1)?.includes(`"${ip}"`) === true, `the page is not seen from ${ip}`);
  return commands.length;
}

/**
 * Those of the page, or others where another program has one of them.
 *
 * @returns {Promise<Record<string, string>>}
 */
async function freePorts() {
  const usual = [PORT, 19_080, 19_081, ...Array.from({ length: 50 }, (_, index) => 20_000 + index)];
  if ((await Promise.all(usual.map(isFree))).every(Boolean)) return { PORT: String(PORT) };
  const others = Object.entries({ PORT: await freePort(), ...(await portsOfNode()) });
  return Object.fromEntries(others.map(([name, port]) => [name, String(port)]));
}

/** @param {Shell} shell */
async function untilHealthy(shell) {
  for (const until = Date.now() + HEALTHY_LIMIT_MS; ; await sleep(1_000)) {
    const { code, text } = await shell.run(LOOK);
    if (code !== 0 || (text.includes('(healthy)') && !/starting|unhealthy/.test(text))) return { code, text };
    must(Date.now() < until, `not all becomes healthy:\n${text}`);
  }
}

/**
 * @param {string} command
 * @param {string} printed
 */
function fill(command, printed) {
  return Object.entries(PRINTED).reduce((text, [name, form]) => {
    if (!text.includes(`<${name}>`)) return text;
    const value = printed.match(form)?.at(-1);
    must(value !== undefined, `no command has printed what the page calls <${name}>`);
    return text.replaceAll(`<${name}>`, value ?? '');
  }, command);
}

/**
 * @param {Engine} engine
 * @param {string} folder
 */
function standInTools(engine, folder) {
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  const podman = `if [ "$1" = build ]; then
  shift
  exec /usr/bin/podman build ${engine.buildArgs.join(' ')} --build-arg NODE_IMAGE=${NODE_IMAGE} "$@"
fi
exec /usr/bin/podman "$@"`;
  // Where Docker's own command is, docker-compose needs it to run one command; it speaks to podman, too. It could also
  // build images, but knows no flags of podman.
  const real = spawnSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).stdout.trim();
  const docker = real === '' ? {} : { docker: `[ "$1" != info ] && exec ${real} "$@"` };
  for (const [name, text] of Object.entries({ podman, ...docker, systemctl: 'exit 0', 'apt-get': 'exit 0' })) {
    writeFileSync(join(tools, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(tools, name), 0o755);
  }
  return tools;
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {string} cwd
 * @param {string} command
 */
async function run(env, cwd, command) {
  const shell = new Shell(env, cwd);
  const { code, text } = await shell.run(command);
  shell.end();
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${text}`);
}

/** A shell that keeps its folder and environment between commands. */
class Shell {
  /**
   * @param {Record<string, string | undefined>} env
   * @param {string} cwd
   */
  constructor(env, cwd) {
    this.bash = spawn('bash', [], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.text = '';
    /** @type {() => void} */
    this.heard = () => undefined;
    for (const stream of [this.bash.stdout, this.bash.stderr])
      stream.on('data', (chunk) => {
        this.text += String(chunk);
        this.heard();
      });
    this.bash.once('close', () => this.heard());
    this.bash.stdin.write('exec 2>&1\n');
  }

  /**
   * @param {string} command
   * @returns {Promise<{ code: number; text: string }>}
   */
  run(command) {
    this.text = '';
    this.bash.stdin.write(`{ ${command}\n} </dev/null\nprintf '\\nended with %s.\\n' $?\n`);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${command} does not end:\n${this.text}`)), COMMAND_LIMIT_MS);
      this.heard = () => {
        const [, text = '', code] = /^(.*)\nended with (\d+)\.\n$/s.exec(this.text) ?? [];
        if (code === undefined && this.bash.exitCode === null) return;
        clearTimeout(limit);
        resolve({ code: Number(code ?? this.bash.exitCode), text: code === undefined ? this.text : text });
      };
    });
  }

  end() {
    this.bash.kill('SIGTERM');
  }
}
