import { describe, expect, test } from 'vitest';
import { describePods } from './cri-suite.ts';
import { describeCtr } from './ctr-suite.ts';
import { useBox } from './harness/box.ts';
import { expectNetwork, startContainerd } from './harness/containerd.ts';
import { removeSubnet, shipped, writeSubnet } from './lists.ts';

const box = await useBox('containerd-2.1');
const containerd = await startContainerd(box, '2.1');
const { cri } = containerd;

test('it is the version that this is about', async () => {
  expect(await cri.version()).toMatch(/^2\.1\./);
});

describePods(box, containerd);
describeCtr(box, containerd);

describe('STATUS, with version 1.1.0', () => {
  test('a plugin that is not there keeps the node from being ready', async () => {
    const list = shipped('10-bridge.conflist');
    box.configure({ ...list, cniVersion: '1.1.0', plugins: [...list.plugins, { type: 'nobodys' }] });
    await expectNetwork(cri, 'failed to find plugin "nobodys"');
    box.configure(list);
    await expectNetwork(cri);
  });

  test('the node is ready as soon as flanneld has written its file', async () => {
    removeSubnet(box);
    box.configure(shipped('10-flannel.conflist'));
    await expectNetwork(cri, '/run/flannel/subnet.env');
    writeSubnet(box);
    await expectNetwork(cri);
  });
});
