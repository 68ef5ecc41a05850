// A stand-in until the real entry point is there: just enough to build, seal and measure the executable.
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import { PLUGIN_NAMES } from './plugins/names.ts';

const name = basename(process.argv0);
const environment = process.env;
if (process.argv[2] === '--version') print(`${name} ${CNI_TS_VERSION} (${CNI_TS_COMMIT})\n`);
else if (!(PLUGIN_NAMES as readonly string[]).includes(name)) {
  writeSync(2, `cni-ts: no plugin is called "${name}"; it has: ${PLUGIN_NAMES.join(', ')}\n`);
  process.exitCode = 1;
} else if (environment['CNI_COMMAND'] === 'VERSION') {
  print(JSON.stringify({ cniVersion: '1.1.0', supportedVersions: ['0.4.0', '1.0.0', '1.1.0'] }));
} else setLoopback(environment['CNI_COMMAND'] === 'DEL' ? 'down' : 'up');

function setLoopback(state: 'up' | 'down'): void {
  const netns = environment['CNI_NETNS'] ?? '';
  const { status } = spawnSync('nsenter', [`--net=${netns}`, 'ip', 'link', 'set', 'lo', state], { stdio: 'ignore' });
  process.exitCode = status ?? 1;
  if (environment['CNI_COMMAND'] === 'ADD') {
    print(JSON.stringify({ cniVersion: '1.0.0', interfaces: [{ name: 'lo', sandbox: netns }], ips: [], dns: {} }));
  }
}

function print(text: string): void {
  writeSync(1, text);
}
