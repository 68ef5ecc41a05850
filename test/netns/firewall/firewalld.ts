import type { Host } from '../harness/host.ts';
import type { Background } from '../harness/place.ts';

const BUS_CONFIG = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_type="method_call"/><allow send_type="method_return"/>
    <allow send_type="signal"/><allow send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="signal"/><allow receive_type="error"/>
  </policy>
</busconfig>`;

/** A message bus and Debian's firewalld on a host of its own. */
export interface Firewalld {
  /** What `firewall-cmd` prints. */
  ask(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts both and waits until firewalld answers. */
export async function startFirewalld(host: Host): Promise<Firewalld> {
  // Its log belongs to the machine otherwise.
  await succeed(host, 'mount -t tmpfs tmpfs /var/log && mkdir -p /run/dbus && cat >/run/dbus/test.conf', BUS_CONFIG);
  const started: Background[] = [];
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await host.run(['firewall-cmd', ...args]);
    return stdout.trim();
  };
  started.push(host.start(['dbus-daemon', '--config-file=/run/dbus/test.conf', '--nofork', '--nopidfile']));
  await until(async () => (await host.run(['test', '-S', '/run/dbus/system_bus_socket'])).exitCode === 0);
  started.push(host.start(['firewalld', '--nofork', '--nopid']));
  await until(async () => (await ask('--state')) === 'running');
  return {
    ask,
    async stop() {
      for (const one of started.reverse()) await one.stop();
      await succeed(host, 'umount /var/log; rm -rf /run/dbus');
    },
  };
}

async function succeed(host: Host, script: string, stdin = ''): Promise<void> {
  const { exitCode, stderr } = await host.run(['sh', '-c', script], { stdin });
  if (exitCode !== 0) throw new Error(stderr);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('firewalld does not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
