import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { type ContainerdVersion, containerd } from '../../../scripts/lib/container-runtimes.ts';
import { type Box, STATE } from './box.ts';
import { type Cri, connectCri } from './cri.ts';
import { IMAGE, podImage } from './image.ts';
import { environmentOf } from './programs.ts';

/** A containerd that runs in a box. */
export interface Containerd {
  readonly cri: Cri;
  /** The group of cgroups that is this box's. */
  readonly cgroup: string;
  /** Runs `ctr`, which has to succeed, and gives what it printed. */
  ctr(...args: readonly string[]): Promise<string>;
}

const SOCKET = join(STATE, 'containerd.sock');
const LOG = join(STATE, 'containerd.log');
const PATIENCE_MS = 10_000;

/** The pause image is a pod that answers over HTTP, so a sandbox alone is enough; both versions read this version. */
const CONFIG = `
version = 2
root = "${STATE}/root"
state = "${STATE}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "${SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGE}"
  # Some machines let nobody lower the score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;

/** Waits until containerd has read the box's list and finds it ready, or not ready for that reason. */
export async function expectNetwork(cri: Cri, reason = ''): Promise<void> {
  const expected = { isReady: reason === '', message: reason === '' ? '' : expect.stringContaining(reason) };
  await expect.poll(() => cri.networkReady(), { timeout: PATIENCE_MS, interval: 30 }).toEqual(expected);
}

/** Starts containerd in a box; it goes with the box. */
export async function startContainerd(box: Box, version: ContainerdVersion): Promise<Containerd> {
  const env = environmentOf(await containerd(version));
  const image = await podImage();
  mkdirSync(box.root + STATE, { recursive: true });
  writeFileSync(`${box.root}${STATE}/config.toml`, CONFIG);
  box.start(['sh', '-c', `exec containerd --config ${STATE}/config.toml >${LOG} 2>&1`], { env });
  const ctr = (...args: readonly string[]) => box.succeed(['ctr', '--address', SOCKET, ...args], env);
  const cri = connectCri(box.root + SOCKET);
  await untilReady(cri, () => readFileSync(box.root + LOG, 'utf8'));
  await Promise.all(['k8s.io', 'default'].map((name) => ctr('--namespace', name, 'images', 'import', image)));
  return { cri, cgroup: `/${box.name}`, ctr };
}

async function untilReady(cri: Cri, log: () => string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await cri.version();
      return;
    } catch (thrown) {
      if (performance.now() > deadline) throw new Error(`containerd does not answer: ${thrown}\n${log()}`);
      await setTimeout(20);
    }
  }
}
