import { expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

/** Prints which frames of a protocol for experiments come. */
const LISTENER = `
  $| = 1;
  socket(my $all, 17, 3, unpack 'n', pack 'S', 0x88b5) or die $!;
  print "ready\\n";
  while (recv $all, my $frame, 2000, 0) { print length $frame, ' ', unpack('H4', substr $frame, 14), "\\n" }`;

test('frames leave by links that are up for them, and nobody waits for those that are not', async () => {
  const pod = await host.addPod();
  await host.ip(`link add name left type veth peer name right netns ${pod.path}`);
  await host.ip('link add name lonely up type veth peer name silent');
  await host.ip('link set dev left up');
  await pod.ip('link set dev right up');
  const listener = pod.start(['perl', '-e', LISTENER]);
  await expect.poll(listener.stdout).toContain('ready');
  await expect.poll(() => host.ip('link show dev left')).toContain('state UP');
  const names = JSON.stringify(['left', 'lonely', 'silent', 'missing']);
  const { stdout, stderr } = await host.run([await driver('test/netns/link-sender-driver.ts')], { stdin: names });
  expect(stderr).toBe('');
  const silent = { runs: false, sends: false };
  expect(JSON.parse(stdout)).toEqual({ sent: [{ runs: true, sends: true }, silent, silent, silent], nowhere: false });
  await expect.poll(listener.stdout).toBe('ready\n60 5a5a\n60 5a5a\n');
  await listener.stop();
  await host.ip('link del dev left');
  await host.ip('link del dev lonely');
});
