// npm run demo: shows a person what the suite does: two pods on a bridge, in namespaces that are gone afterwards.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { megabytes, print, style } from './lib/print.ts';
import { ROOT } from './lib/project.ts';

const BIN = join(ROOT, 'dist/bin');
const NETWORK = {
  cniVersion: '1.0.0',
  name: 'demo',
  type: 'bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipMasq: true,
  hairpinMode: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]] },
};

print('Building …');
await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const size = megabytes(statSync(join(BIN, 'bridge')).size);
print(`${style('green', '✓')} one executable of ${size} for all plugins, in dist/bin`);

// They look for the executable as soon as they are loaded.
const { createHost } = await import('../test/netns/harness/host.ts');
const { measure } = await import('../test/netns/harness/measure.ts');
const { pluginEnvironment } = await import('../test/netns/harness/plugin.ts');
type Pod = Awaited<ReturnType<Awaited<ReturnType<typeof createHost>>['addPod']>>;

const node = await createHost('demo');
// All namespaces are held by one process, whose stdin is a pipe to this one: they go however this one ends.
process.once('SIGINT', () => process.exit(130));
const pods = [await node.addPod(), await node.addPod()] as const;
heading('A node and two pods', 'as far as the network is concerned: three new network namespaces');
for (const pod of pods) print(style('dim', `  ${pod.path}`));

heading('A runtime calls bridge', 'with this on its stdin; bridge asks host-local for addresses');
print(style('dim', indent(JSON.stringify(NETWORK, null, 2))));

const added = [];
for (const [index, pod] of pods.entries()) {
  heading(`Pod ${index + 1}`);
  const { result, trace } = await call('ADD', pod, index + 1);
  added.push(result);
  for (const { address, gateway } of result.ips ?? [])
    print(`  eth0 has ${style('bold', address)}, gateway ${gateway}`);
  if (index === 0) {
    print('  What was done, as a person would type it:');
    for (const line of trace) print(style('dim', `    ${line}`));
  }
}

heading('Packets');
const [first, second] = pods;
const [a, b] = added.map(({ ips = [] }) => ips.map(({ address }) => address.replace(/\/.*/, '')));
if (a === undefined || b === undefined) throw new Error('a pod got no addresses');
await ping('pod 1 → pod 2', first, b[0]);
await ping('pod 1 → pod 2, IPv6', first, b[1]);
await ping('pod 2 → its gateway, the node', second, '10.88.0.1');
await ping('the node → pod 1', node, a[0]);
await throughService(first, a[0]);

heading('And down again');
for (const [index, pod] of pods.entries()) {
  await call('CHECK', pod, index + 1, added[index]);
  await call('DEL', pod, index + 1, added[index]);
}
const links = (await node.ip('-br link show')).trim().split('\n');
print(
  `  the node has left: ${links.map((line) => line.split(/\s+/)[0]).join(', ')} – the bridge stays for the next pod`,
);
const rules = await node.run(['nft', 'list', 'ruleset']);
print(`  masquerade rules left: ${rules.stdout.match(/CNI-|masquerade/g)?.length ?? 0}`);
await node.dispose();
print(
  style('dim', '\nTimes are whole processes, from the call until the plugin has ended. All three namespaces are gone.'),
);

function heading(text: string, more = ''): void {
  print(`\n${style('bold', text)}${more === '' ? '' : `: ${more}`}`);
}

interface Result {
  readonly ips?: readonly { readonly address: string; readonly gateway?: string }[];
}

/** Calls bridge as a runtime does, prints how long it took, and gives its result and the lines of its trace. */
async function call(verb: string, pod: Pod, number: number, prevResult?: Result) {
  const traceFile = '/run/trace';
  const conf = { ...NETWORK, ...(prevResult === undefined ? {} : { prevResult }) };
  const run = (env: Readonly<Record<string, string>>) => ({
    argv: [join(BIN, 'bridge')] as const,
    env: { ...pluginEnvironment({ verb, containerId: `pod-${number}`, netns: pod.path, ifName: 'eth0' }), ...env },
    stdin: JSON.stringify(conf),
  });
  const [outcome] = await measure(node, [run(verb === 'ADD' ? { CNI_TS_TRACE: traceFile } : {})]);
  if (outcome?.exitCode !== 0) throw new Error(`${verb} failed: ${outcome?.stdout}${outcome?.stderr}`);
  print(`  ${style('green', '✓')} ${style('bold', verb.padEnd(5))} ${style('cyan', `${outcome.ms.toFixed(1)} ms`)}`);
  if (verb !== 'ADD') return { result: {} as Result, trace: [] };
  const lines = readFileSync(node.root + traceFile, 'utf8')
    .trim()
    .split('\n');
  const trace = lines.map((line) => JSON.parse(line) as { readonly what: string; readonly outcome: string });
  return {
    result: JSON.parse(outcome.stdout) as Result,
    trace: trace.filter(({ what }) => !what.includes(' show ')).flatMap(({ what }) => what.split('; ')),
  };
}

async function ping(what: string, from: { run: Pod['run'] }, address = ''): Promise<void> {
  const { exitCode, stdout } = await from.run(['ping', '-c1', '-W1', address]);
  const time = /time=([\d.]+ ms)/.exec(stdout)?.[1];
  if (exitCode !== 0 || time === undefined) throw new Error(`${what}: no answer from ${address}\n${stdout}`);
  print(`  ${style('green', '✓')} ${what.padEnd(32)} ${address.padEnd(14)} ${style('cyan', time)}`);
}

/** Hairpin: a service of the node sends what a pod sends it back to the very pod. */
async function throughService(pod: Pod, address = ''): Promise<void> {
  const service = '10.88.255.1';
  const rules = `table ip service {
    chain pre { type nat hook prerouting priority -100; ip daddr ${service} dnat to ${address}; }
    chain post { type nat hook postrouting priority 90; ip saddr ${address} ip daddr ${address} masquerade; }
  }`;
  await node.ip(`addr add ${service}/32 dev lo`);
  await node.run(['nft', '-f', '-'], { stdin: rules });
  await ping('pod 1 → a service → pod 1 itself', pod, service);
  await node.run(['nft', 'delete', 'table', 'ip', 'service']);
  await node.ip(`addr del ${service}/32 dev lo`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
