import { expect, test } from 'vitest';
import { describePods } from './cri-suite.ts';
import { describeCtr } from './ctr-suite.ts';
import { useBox } from './harness/box.ts';
import { expectNetwork, startContainerd } from './harness/containerd.ts';
import { shipped } from './lists.ts';

const box = await useBox('containerd-1.6');
const containerd = await startContainerd(box, '1.6');

test('it is the version that this is about', async () => {
  expect(await containerd.cri.version()).toMatch(/^1\.6\./);
});

test('a list of version 1.1.0 is not for it: the pod fails, and nothing is left of it', async () => {
  box.configure({ ...shipped('10-bridge.conflist'), cniVersion: '1.1.0' });
  const { cri, cgroup } = containerd;
  await expectNetwork(cri);
  await expect(cri.runPod({ name: 'new', cgroup })).rejects.toThrow('unsupported CNI result version "1.1.0"');
});

describePods(box, containerd);
describeCtr(box, containerd);
