import { test } from 'vitest';
import type { ContainerdVersion } from '../../scripts/lib/container-runtimes.ts';
import type { Conflist } from '../netns/harness/libcni-conf.ts';
import { useRecordedBox } from './harness/box.ts';
import { expectNetwork, startContainerd } from './harness/containerd.ts';
import { IMAGE } from './harness/image.ts';
import { removeSubnet, shipped, writeSubnet } from './lists.ts';

/** Every plugin that containerd itself can be told to call. */
const LIST: Conflist = {
  ...shipped('10-bridge-dual-stack.conflist'),
  name: 'recorded',
  plugins: [...shipped('10-bridge-dual-stack.conflist').plugins, { type: 'firewall' }, { type: 'tuning', mtu: 1400 }],
};

/** Compares everything that a containerd sends to plugins with what it sent when it was recorded. */
export async function describeCalls(version: ContainerdVersion): Promise<void> {
  const plugins = ['bridge', 'firewall', 'flannel', 'loopback', 'portmap', 'tuning'] as const;
  const [box, recorder] = await useRecordedBox(`calls-${version}`, plugins);
  const { cri, ctr, cgroup } = await startContainerd(box, version);

  async function use(step: string, list: Conflist): Promise<void> {
    box.configure(list);
    await expectNetwork(cri);
    recorder.forget();
    await recorder.step(step, () => cri.networkReady());
  }

  test('what containerd sends is what was recorded', async () => {
    await use('Status', LIST);
    const ports = [
      { hostPort: 8080, containerPort: 80 },
      { hostPort: 8081, containerPort: 80, hostIp: '127.0.0.1' },
    ];
    const id = await recorder.step('RunPodSandbox', () => cri.runPod({ name: 'web', cgroup, ports }));
    await recorder.step('PodSandboxStatus', () => cri.podStatus(id));
    await recorder.step('StopPodSandbox', () => cri.stopPod(id));
    await recorder.step('RemovePodSandbox', () => cri.removePod(id));

    const run = ['run', '--rm', '--cni', '--cgroup', `${cgroup}/c1`, IMAGE, 'c1', '/bin/sleep', '0'];
    await recorder.step('ctr run --rm --cni', () => ctr(...run));

    // Nobody's address, when the next list wants another one.
    await box.ip('link del dev cni0');
    await recorder.expectRecorded(`containerd-${version}`, `containerd ${version}`);
  });

  test('what containerd sends to flannel is what was recorded', async () => {
    writeSubnet(box);
    await use('Status', shipped('10-flannel.conflist'));
    const id = await recorder.step('RunPodSandbox', () => cri.runPod({ name: 'other', cgroup }));
    await recorder.step('StopPodSandbox', () => cri.stopPod(id));
    await recorder.step('RemovePodSandbox', () => cri.removePod(id));
    removeSubnet(box);
    await recorder.expectRecorded(`containerd-${version}-flannel`, `containerd ${version}`);
  });
}
