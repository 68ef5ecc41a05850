import { test } from 'vitest';
import { useRecordedBox } from './harness/box.ts';
import { preparePodman } from './harness/podman.ts';

const [box, recorder] = await useRecordedBox('calls-podman', ['bridge', 'firewall', 'portmap', 'tuning']);
const podman = await preparePodman(box);

test('what podman sends is what was recorded', async () => {
  const step = (...args: readonly string[]) => recorder.step(`podman ${args.join(' ')}`, () => podman.run(...args));
  await step('network', 'create', '--subnet', '10.89.5.0/24', '--ipv6', '--subnet', 'fd00:89:5::/64', 'net');
  await step('network', 'create', '--subnet', '10.89.6.0/24', '--opt', 'isolate=1', 'back');
  const ports = ['--publish', '127.0.0.1:8081:80', '--publish', '9000-9001:9000-9001'];
  const asked = ['--network', 'net', '--ip', '10.89.5.77', '--mac-address', '02:11:22:33:44:55', ...ports];
  await recorder.step(`podman run ${asked.join(' ')}`, () => podman.start('web', ...asked));
  await step('network', 'connect', 'back', 'web');
  await step('network', 'disconnect', 'back', 'web');
  await step('rm', '--force', '--time', '0', 'web');
  await step('network', 'rm', 'net', 'back');
  await recorder.expectRecorded('podman-4.3', 'podman 4.3');
});
