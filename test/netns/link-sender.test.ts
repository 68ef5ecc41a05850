import { expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

/** Prints which frames of a protocol for experiments come, and what a link says of IPv6: its questions for routers, its reports of groups. */
const LISTENER = `
  $| = 1;
  socket(my $all, 17, 3, unpack 'n', pack 'S', 3) or die $!;
  print "ready\\n";
  while (recv $all, my $frame, 2000, 0) {
    my $type = unpack 'n', substr $frame, 12, 2;
    print length $frame, ' ', unpack('H4', substr $frame, 14), "\\n" if $type == 0x88b5;
    # The listener's own end speaks too, and is heard on its way out.
    next unless $type == 0x86dd && substr($frame, 6, 6) eq "\\2\\0\\0\\0\\0\\x21";
    my $kind = ord substr $frame, ord(substr $frame, 20, 1) == 0 ? 62 : 54, 1;
    print unpack('H*', $frame), "\\n" if $kind == 133 || $kind == 143;
  }`;

const MAC = '02:00:00:00:00:21';

test('frames leave by links that are up for them, and what the kernel has said is said again as it was', async () => {
  const pod = await host.addPod();
  await host.ip(`link add name left address ${MAC} type veth peer name right netns ${pod.path}`);
  await host.ip('link add name lonely up type veth peer name silent');
  await pod.ip('link set dev right up');
  const listener = pod.start(['perl', '-e', LISTENER]);
  await expect.poll(listener.stdout).toContain('ready');
  // Otherwise the kernel looks first whether somebody has its address, and the one who is asked might be too late.
  await host.run(['sh', '-c', 'echo 0 > /proc/sys/net/ipv6/conf/left/accept_dad']);
  // The kernel asks once, so that what is asked again is not its own.
  await host.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/left/router_solicitations']);
  await host.ip('link set dev left up');
  const question = /^[\da-f]{140}$/m;
  // Routers should look at a report, which the option in front of it says.
  const report = /^[\da-f]{108}3a000502000001008f00[\da-f]*$/m;
  await expect.poll(listener.stdout, { timeout: 5000 }).toMatch(question);
  await expect.poll(listener.stdout, { timeout: 5000 }).toMatch(report);
  const [asked = '', reported = ''] = [question, report].map((one) => one.exec(listener.stdout())?.[0]);
  const heard = listener.stdout().length;
  const stdin = JSON.stringify({ names: ['left', 'lonely', 'silent', 'missing'], mac: MAC });
  const { stdout, stderr } = await host.run([await driver('test/netns/link-sender-driver.ts')], { stdin });
  expect(stderr).toBe('');
  const silent = { runs: false, sends: false };
  const sent = [{ runs: true, sends: true }, silent, silent, silent];
  expect(JSON.parse(stdout)).toEqual({ sent, asked: true, nowhere: false });
  // Two children send, and on a busy machine either may be the first.
  const said = () => listener.stdout().slice(heard).replaceAll('60 5a5a\n', '');
  await expect.poll(said, { timeout: 5000 }).toContain(`${reported}\n${asked}\n`);
  await listener.stop();
  await host.ip('link del dev left');
  await host.ip('link del dev lonely');
});
