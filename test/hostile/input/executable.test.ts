import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PLUGIN_NAMES } from '../../../plugins/names.ts';
import { ROOT } from '../../../scripts/lib/project.ts';
import { createHost, type Host, type Pod } from '../../netns/harness/host.ts';
import { BUILT_PLUGINS, callPlugin, pluginEnvironment } from '../../netns/harness/plugin.ts';
import { bySize } from '../../proof/size.ts';
import { caseOf } from './case.ts';
import type { Schema } from './documents.ts';
import { problemOf } from './outcome.ts';
import { MARK } from './values.ts';

/** The same seed makes the same cases: CNI_TS_PROOF_SEED. */
const SEED = Number(process.env['CNI_TS_PROOF_SEED'] ?? Date.now() % 1_000_000_007);
const CASES = bySize(120, 3_000);
/** On one host, so that one case meets what another has left. */
const PIECE = 500;
const LONGEST_MS = 15_000;

const schemas = new Map<string, Schema>(
  PLUGIN_NAMES.map((name) => [
    name,
    JSON.parse(readFileSync(join(ROOT, `dist/schema/${name}.json`), 'utf8')) as Schema,
  ]),
);

/** A host on which nothing of the machine can be written to, and the folders of a node's own are its own and empty. */
async function hostileHost(): Promise<Host> {
  const host = await createHost('hostile');
  const script =
    'for folder in /etc /opt /tmp; do mount -t overlay -o lowerdir=$folder,upperdir=/var/lib/over$folder/u,workdir=/var/lib/over$folder/w overlay $folder; done; mount -o remount,bind,ro /; rm -rf /run/mount';
  const { exitCode, stderr } = await host.run([
    'sh',
    '-ec',
    `for folder in etc opt tmp; do mkdir -p /var/lib/over/$folder/u /var/lib/over/$folder/w; done; ${script}`,
  ]);
  if (exitCode !== 0) throw new Error(stderr);
  return host;
}

/** What was written where nothing may be: everything outside of the folders that the suite has or was given. */
function strayFiles(host: Host): readonly string[] {
  const found: string[] = [];
  for (const folder of ['/var/lib/over/etc/u', '/var/lib/over/opt/u', '/var/lib/over/tmp/u'])
    found.push(...readdirSync(host.root + folder));
  const allowed = /^(?:cni(?:-ts)?|netns|flannel|xtables\.lock)$/;
  found.push(...readdirSync(`${host.root}/run`).filter((name) => !allowed.test(name)));
  found.push(...readdirSync(`${host.root}/var/lib`).filter((name) => name !== 'cni' && name !== 'over'));
  return found;
}

/** Rules in which a text from outside is more than a comment. */
async function strayRules(host: Host): Promise<readonly string[]> {
  const script = 'iptables-save; ip6tables-save; nft list ruleset';
  const { stdout } = await host.run(['sh', '-c', script]);
  return stdout.split('\n').filter((line) => {
    const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, '');
    return line.startsWith(':INPUT DROP') || (bare.includes(MARK) && /DROP|drop/.test(bare));
  });
}

test(`${CASES} generated calls of the executables`, async () => {
  console.log(`seed ${SEED}`);
  let succeeded = 0;
  const violations: string[] = [];
  for (let first = 0; first < CASES; first += PIECE) {
    const host = await hostileHost();
    try {
      const pod = await host.addPod();
      mkdirSync(`${host.root}/run/flannel`);
      writeFileSync(
        `${host.root}/run/flannel/subnet.env`,
        'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n',
      );
      const run = { seed: SEED, netns: pod.path, state: {} };
      for (let index = first; index < Math.min(first + PIECE, CASES); index++) {
        const one = caseOf(run, schemas, index);
        const outcome = await host.run([join(BUILT_PLUGINS, one.plugin)], {
          env: one.variables,
          stdin: one.stdin,
          timeoutMs: 60_000,
        });
        const problem = problemOf(outcome) ?? (outcome.ms > LONGEST_MS ? `${outcome.ms} ms` : undefined);
        if (problem !== undefined) violations.push(`case ${index}, ${one.plugin}: ${problem}: ${outcome.stdout}`);
        if (outcome.exitCode === 0) succeeded += 1;
      }
      violations.push(...strayFiles(host), ...(await strayRules(host)));
    } finally {
      await host.dispose();
    }
  }
  console.log(`${succeeded} of ${CASES} succeeded`);
  expect(violations.join('\n'), `seed ${SEED}`).toBe('');
  expect(succeeded).toBeGreaterThan(CASES / 20);
});

const bridge = { type: 'bridge', ipam: { type: 'host-local', subnet: '10.1.0.0/24' } };
const conf = (over: object = {}) => ({ cniVersion: '1.0.0', name: 'net', ...bridge, ...over });

/** Puts an ADD and a DEL; whatever they say, they say it as a plugin does, and soon. */
async function addAndDel(host: Host, pod: Pod, over: object = {}): Promise<readonly (number | undefined)[]> {
  const codes: (number | undefined)[] = [];
  for (const verb of ['ADD', 'DEL']) {
    const outcome = await callPlugin(host, 'bridge', {
      verb,
      containerId: 'c1',
      netns: pod.path,
      ifName: 'eth0',
      conf: conf(over),
    });
    expect(problemOf(outcome), outcome.stdout + outcome.stderr).toBe(undefined);
    expect(outcome.ms).toBeLessThan(LONGEST_MS);
    codes.push(outcome.exitCode);
  }
  return codes;
}

test.each(['../evil', 'a/b', '..', '.', '/etc', 'a\nb', 'a b', '-x', 'x'.repeat(300)])(
  '%j is no name of anything',
  async (name) => {
    const host = await hostileHost();
    try {
      const pod = await host.addPod();
      for (const call of [
        { containerId: name, conf: conf() },
        { containerId: 'c1', ifName: name, conf: conf() },
        { containerId: 'c1', conf: conf({ name }) },
      ]) {
        const outcome = await callPlugin(host, 'bridge', { verb: 'ADD', netns: pod.path, ifName: 'eth0', ...call });
        // A long id is only an id.
        if (name.length < 300 && !('ifName' in call && name === '-x'))
          expect(outcome.exitCode, JSON.stringify(call)).toBe(1);
        expect(problemOf(outcome)).toBe(undefined);
      }
      expect(strayFiles(host)).toEqual([]);
    } finally {
      await host.dispose();
    }
  },
);

const TARGET = '/var/lib/target';

test.each([
  ['a lease', '/var/lib/cni/networks/net/10.1.0.2'],
  ['the last address', '/var/lib/cni/networks/net/last_reserved_ip.0'],
  ['a temporary lease', '/var/lib/cni/networks/net/.cni-ts.tmp'],
  ['the index', '/var/lib/cni/networks/.cni-ts/net/.state'],
  ['a record', '/run/cni-ts/attachments/c1/eth0:net:bridge.json'],
])('%s that is a link leads nobody out of its folder', async (_, path) => {
  const host = await createHost('links');
  try {
    const pod = await host.addPod();
    const inside = host.root + path;
    writeFileSync(host.root + TARGET, 'precious');
    mkdirSync(join(inside, '..'), { recursive: true });
    symlinkSync(TARGET, inside);
    await addAndDel(host, pod);
    expect(readFileSync(host.root + TARGET, 'utf8')).toBe('precious');
    expect(lstatSync(host.root + TARGET).isFile()).toBe(true);
  } finally {
    await host.dispose();
  }
});

test.each([
  ['a lease', '/var/lib/cni/networks/net/10.1.0.2'],
  ['the lock', '/var/lib/cni/networks/net/lock'],
  ['the last address', '/var/lib/cni/networks/net/last_reserved_ip.0'],
  ['the index', '/var/lib/cni/networks/.cni-ts/net/.state'],
  ['a record', '/run/cni-ts/attachments/c1/eth0:net:bridge.json'],
])('%s that is a pipe is waited for by nobody', async (_, path) => {
  const host = await createHost('pipes');
  try {
    const pod = await host.addPod();
    await host.run(['sh', '-ec', `mkdir -p "$(dirname '${path}')"; mkfifo '${path}'`]);
    await addAndDel(host, pod);
  } finally {
    await host.dispose();
  }
});

test.each(['/var/lib/cni/networks/net', '/run/cni-ts/attachments/c1', '/run/cni-ts/attachments'])(
  '%s is swapped for a link while it is in use',
  async (folder) => {
    const host = await createHost('swapped');
    const elsewhere = `${host.root}/var/lib/elsewhere`;
    try {
      const pod = await host.addPod();
      mkdirSync(elsewhere);
      writeFileSync(`${elsewhere}/keep`, 'precious');
      await addAndDel(host, pod);
      const loop = `while :; do mv ${folder} ${folder}.old; ln -s /var/lib/elsewhere ${folder}; rm ${folder}; mv ${folder}.old ${folder}; done 2>/dev/null`;
      const swapping = host.start(['sh', '-c', loop]);
      for (let tries = 0; tries < bySize(3, 60); tries++) await addAndDel(host, pod);
      await swapping.stop();
      expect(readFileSync(`${elsewhere}/keep`, 'utf8')).toBe('precious');
    } finally {
      await host.dispose();
    }
  },
);

test('whatever the umask, what is made can be written to by root alone', async () => {
  const host = await createHost('modes');
  try {
    const pod = await host.addPod();
    const call = { verb: 'ADD', containerId: 'c1', netns: pod.path, ifName: 'eth0' };
    const argv = ['sh', '-c', 'umask 0; exec "$0"', join(BUILT_PLUGINS, 'bridge')];
    const { exitCode } = await host.run(argv, { env: pluginEnvironment(call), stdin: JSON.stringify(conf()) });
    expect(exitCode).toBe(0);
    for (const top of ['/run/cni-ts', '/var/lib/cni']) {
      for (const name of readdirSync(host.root + top, { recursive: true, encoding: 'utf8' })) {
        const { mode } = statSync(join(host.root, top, name));
        expect(mode & 0o022, name).toBe(0);
      }
    }
  } finally {
    await host.dispose();
  }
});
