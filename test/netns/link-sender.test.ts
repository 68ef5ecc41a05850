import { expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

/** Prints which frames of a protocol for experiments come, and which questions for routers. */
const LISTENER = `
  $| = 1;
  socket(my $all, 17, 3, unpack 'n', pack 'S', 3) or die $!;
  print "ready\\n";
  while (recv $all, my $frame, 2000, 0) {
    my $type = unpack 'n', substr $frame, 12, 2;
    print length $frame, ' ', unpack('H4', substr $frame, 14), "\\n" if $type == 0x88b5;
    print unpack('H*', $frame), "\\n" if $type == 0x86dd && ord(substr $frame, 54, 1) == 133;
  }`;

const MAC = '02:00:00:00:00:21';

test('frames leave by links that are up for them, and a question is asked again as the kernel asked it', async () => {
  const pod = await host.addPod();
  await host.ip(`link add name left address ${MAC} type veth peer name right netns ${pod.path}`);
  await host.ip('link add name lonely up type veth peer name silent');
  await pod.ip('link set dev right up');
  const listener = pod.start(['perl', '-e', LISTENER]);
  await expect.poll(listener.stdout).toContain('ready');
  // Otherwise the kernel looks first whether somebody has its address, and the one who is asked might be too late.
  await host.run(['sh', '-c', 'echo 0 > /proc/sys/net/ipv6/conf/left/accept_dad']);
  await host.ip('link set dev left up');
  await expect.poll(listener.stdout, { timeout: 5000 }).toMatch(/^[\da-f]{140}$/m);
  const stdin = JSON.stringify({ names: ['left', 'lonely', 'silent', 'missing'], mac: MAC });
  const { stdout, stderr } = await host.run([await driver('test/netns/link-sender-driver.ts')], { stdin });
  expect(stderr).toBe('');
  const silent = { runs: false, sends: false };
  const sent = [{ runs: true, sends: true }, silent, silent, silent];
  expect(JSON.parse(stdout)).toEqual({ sent, asked: true, nowhere: false });
  const [ready, question = ''] = listener.stdout().split('\n');
  const heard = [ready, question, '60 5a5a', '60 5a5a', question, ''];
  await expect.poll(listener.stdout).toBe(heard.join('\n'));
  await listener.stop();
  await host.ip('link del dev left');
  await host.ip('link del dev lonely');
});
