import { expect, test } from 'vitest';
import { describePods } from './cri-suite.ts';
import { describeCtr } from './ctr-suite.ts';
import { useBox } from './harness/box.ts';
import { startContainerd } from './harness/containerd.ts';

const box = await useBox('containerd-1.6');
const containerd = await startContainerd(box, '1.6');

test('it is the version that this is about', async () => {
  expect(await containerd.cri.version()).toMatch(/^1\.6\./);
});

describePods(box, containerd);
describeCtr(box, containerd);
