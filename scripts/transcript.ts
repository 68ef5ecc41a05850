// npm run transcript: runs the tool in a throwaway host and writes what it printed into docs/tool.md.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { print } from './lib/print.ts';
import { ROOT } from './lib/project.ts';

if (!existsSync(join(ROOT, 'dist/bin/cni')))
  await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
// They look for the executable as soon as they are loaded.
const { createHost } = await import('../test/netns/harness/host.ts');

/** The commands that have a transcript, one line each; the document has a mark for each. */
const COMMANDS: readonly {
  readonly line: string;
  /** What else it is given here, where the node's folders are elsewhere. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}[] = [
  { line: 'networks' },
  { line: 'show' },
  { line: 'plan web /run/netns/new', env: { CAP_ARGS: capabilities([[8082, 80]]) } },
  { line: 'leases' },
  { line: 'ports' },
  { line: 'lint', args: ['/run/mistakes'] },
  { line: 'doctor', args: ['--conf-dir', '/run/net.d', '--bin-dir', join(ROOT, 'dist/bin')] },
  { line: 'gc --dry-run' },
  { line: 'leases --fix' },
];

const DOCUMENT = join(ROOT, 'docs/tool.md');
const LIST = {
  cniVersion: '1.1.0',
  name: 'web',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isDefaultGateway: true,
      ipMasq: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'firewall', backend: 'iptables' },
  ],
};

/** A list with a slip in a key, a gateway that is elsewhere, and a plugin that comes too early. */
const MISTAKES = `{
  "cniVersion": "1.0.0",
  "name": "db",
  "plugins": [
    { "type": "portmap", "capabilities": { "portMappings": true } },
    {
      "type": "bridge",
      "bridge": "cni1",
      "isGatway": true,
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.99.0.0/24", "gateway": "10.98.0.1" }]] }
    }
  ]
}
`;

/** The pods of the document's node: their namespace's name, their own, their ports. */
const PODS = [
  [
    'web-0',
    'default/web-0',
    [
      [8080, 80],
      [8443, 443],
    ],
  ],
  ['web-1', 'default/web-1', [[8081, 80]]],
  ['db-0', 'data/db-0', []],
  ['job', 'batch/job-x7k2p', [[9090, 9090]]],
] as const;

const node = await createHost('node');
process.once('SIGINT', () => process.exit(130));
try {
  const env = { NETCONFPATH: '/run/net.d', CNI_PATH: '/opt/cni/bin' };
  const bin = join(ROOT, 'dist/bin');
  mkdirSync(`${node.root}/run/net.d`);
  writeFileSync(`${node.root}/run/net.d/10-web.conflist`, JSON.stringify(LIST));
  mkdirSync(`${node.root}/run/mistakes`);
  writeFileSync(`${node.root}/run/mistakes/20-db.conflist`, MISTAKES);
  // The way outside, for the drawing.
  await node.ip('link add eth0 type veth peer name wire');
  for (const name of ['eth0', 'wire']) await node.ip(`link set ${name} up`);
  await node.ip('addr add 192.0.2.10/24 dev eth0');
  await node.ip('route add default via 192.0.2.1');
  const cni = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    node.run([join(bin, 'cni'), ...args], { env: { ...env, CNI_PATH: bin, ...more } });
  for (const [name, pod, ports] of PODS) {
    await node.ip(`netns add ${name}`);
    const [namespace, own] = pod.split('/');
    const CNI_ARGS = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${own}`;
    const more = { CNI_ARGS, CAP_ARGS: capabilities(ports) };
    const { exitCode, stderr } = await cni(['add', 'web', `/run/netns/${name}`], more);
    if (exitCode !== 0) throw new Error(`${pod}: ${stderr}`);
  }
  await node.ip('netns add new');
  await node.ip('netns del job');
  // The kernel gives the number of a namespace to the next one: to this, in which nobody ever is.
  await node.ip('netns add other');
  let text = readFileSync(DOCUMENT, 'utf8');
  for (const { line, args = [], env: more } of COMMANDS) {
    const { stdout } = await cni([...line.split(' '), ...args], more);
    text = withTranscript(text, line, stdout);
    print(`cni ${line}\n${stdout}`);
  }
  await cni(['show', '--svg', '/run/show.svg']);
  writeFileSync(join(ROOT, 'docs/show.svg'), steady(readFileSync(`${node.root}/run/show.svg`, 'utf8')));
  writeFileSync(DOCUMENT, text);
} finally {
  await node.dispose();
}

/** CAP_ARGS for ports of the host and of the container. */
function capabilities(ports: readonly (readonly [number, number])[]): string {
  const portMappings = ports.map(([hostPort, containerPort]) => ({ hostPort, containerPort, protocol: 'tcp' }));
  return JSON.stringify({ portMappings });
}

/** Puts what a command printed behind its line in the document. */
function withTranscript(document: string, command: string, output: string): string {
  const start = `<!-- transcript: cni ${command} -->`;
  const end = '<!-- end -->';
  const from = document.indexOf(start);
  if (from === -1) throw new Error(`docs/tool.md has no line "${start}"`);
  const to = document.indexOf(end, from);
  const block = `${start}\n\n\`\`\`console\n# cni ${command}\n${steady(output)}\`\`\`\n\n`;
  return document.slice(0, from) + block + document.slice(to);
}

/** Nothing of the machine that it ran on, and no moment. */
function steady(text: string): string {
  const host = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
  return text
    .replaceAll(join(ROOT, 'dist/bin'), '/opt/cni/bin')
    .replaceAll('/run/net.d', '/etc/cni/net.d')
    .replaceAll('/run/mistakes', '/etc/cni/net.d')
    .replaceAll(`Networks of ${host}`, 'Networks of node-1')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '2026-01-01 12:00 UTC');
}
