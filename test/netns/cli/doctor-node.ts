import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { type Attachment, Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';

/** Folder of the node's configurations. */
export const CONF = '/etc/cni/net.d';

/** One finding as `cni doctor --json` prints it. */
export interface Found {
  readonly check: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly found: string;
  readonly means: string;
  readonly mend: string;
  readonly fixable: boolean;
}

/** What it says of a node. */
export interface Report {
  readonly exitCode: number | undefined;
  readonly conflist: string | null;
  /** Without what this machine's kernel lacks. */
  readonly findings: readonly Found[];
  readonly fixed: readonly string[];
}

/** A node with living pods. */
export interface Patient {
  readonly host: Host;
  readonly runtime: Runtime;
  /** Puts a file on the node. */
  write(path: string, content: string | object): void;
  remove(path: string): void;
  addPod(containerId: string, hostPort: number): Promise<Pod>;
  examine(...options: readonly string[]): Promise<Report>;
}

/** The list of the node. */
export function listOf(subnet: object = { subnet: '10.42.0.0/24' }): Conflist {
  return {
    cniVersion: '1.0.0',
    name: 'net',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isDefaultGateway: true,
        ipMasq: true,
        ipMasqBackend: 'iptables',
        ipam: { type: 'host-local', ranges: [[subnet]] },
      },
      { type: 'portmap', backend: 'iptables', capabilities: { portMappings: true } },
    ],
  };
}

/** Its own /etc and /opt, so that faults can be planted where they are on a real node; the machine's stay as they are. */
const PRIVATE_FOLDERS = `
set -e
mount -t tmpfs tmpfs /mnt
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
mount -t tmpfs tmpfs /opt
mkdir -p /opt/cni/bin ${CONF}
for file in ${BUILT_PLUGINS}/*; do ln -s $file /opt/cni/bin/; done
`;

/** Makes a node with two pods that have a host port each. */
export async function createPatient(): Promise<Patient> {
  const host = await createHost('patient');
  const { exitCode, stderr } = await host.run(['sh', '-c', PRIVATE_FOLDERS]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const runtime = new Runtime(host);
  const patient: Patient = {
    host,
    runtime,
    write(path, content) {
      const file = join(host.root, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    },
    remove: (path) => rmSync(join(host.root, path), { recursive: true }),
    async addPod(containerId, hostPort) {
      const pod = await host.addPod();
      const portMappings = [{ hostPort, containerPort: 80, protocol: 'tcp' }];
      const attachment: Attachment = { containerId, netns: pod.path, ifName: 'eth0', capabilities: { portMappings } };
      await runtime.add(listOf(), attachment);
      return pod;
    },
    async examine(...options) {
      const { exitCode, stdout, stderr } = await host.run([`${BUILT_PLUGINS}/cni`, 'doctor', '--json', ...options]);
      if (stdout === '') throw new Error(`nothing said (${exitCode}): ${stderr}`);
      expect(stderr).toBe('');
      const report = JSON.parse(stdout) as Omit<Report, 'exitCode'>;
      const findings = report.findings.filter(({ found }) => found !== 'the module br_netfilter is not loaded');
      return { ...report, exitCode, findings };
    },
  };
  patient.write(`${CONF}/10-net.conflist`, listOf());
  await patient.addPod('c1', 8081);
  await patient.addPod('c2', 8082);
  return patient;
}
