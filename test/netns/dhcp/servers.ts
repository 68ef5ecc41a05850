import { writeFileSync } from 'node:fs';
import { dnsmasq, iscDhcpd } from '../../../scripts/lib/dhcp-servers.ts';
import type { Background } from '../harness/place.ts';
import { eventually, type Network, textOf } from './network.ts';

/** A server that runs, and what it knows. */
export interface DhcpServer extends Background {
  /** Everything that it has logged. */
  log(): string;
  /** How often its log has a text. */
  count(text: string): number;
  /** Addresses that it has given and that were not given back. */
  leased(): readonly string[];
}

/** How long leases are, in seconds; with dnsmasq it is always two minutes, and half of that until T1. */
export interface Times {
  readonly lease?: number;
  readonly renewal?: number;
  readonly rebinding?: number;
  /** First and last address. */
  readonly range?: readonly [string, string];
  readonly more?: readonly string[];
}

const running = new Set<Background>();

/** Ends all servers that a test has started: before its host is looked at. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
  running.clear();
}

/** A server of a kind. */
export type StartServer = (network: Network, times?: Times) => Promise<DhcpServer>;

/** dnsmasq in the server's pod. */
export const startDnsmasq: StartServer = async (network, times = {}) => {
  const { range = ['10.5.1.1', '10.5.2.250'], more = [] } = times;
  const { program, libraries } = await dnsmasq();
  const { host, server } = network;
  const log = '/run/dhcp/dnsmasq.log';
  const args = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--port=0',
    '--interface=srv0',
    '--bind-interfaces',
    `--dhcp-range=${range.join(',')},255.255.0.0,120`,
    '--dhcp-leasefile=/run/dhcp/dnsmasq.leases',
    '--dhcp-authoritative',
    '--no-ping',
    '--log-dhcp',
    `--log-facility=${log}`,
    '--user=root',
    '--pid-file',
    ...more,
  ];
  await host.run(['rm', '-f', log]);
  const process = server.start([program, ...args], { env: { LD_LIBRARY_PATH: libraries } });
  running.add(process);
  await eventually(async () => {
    const { stdout } = await server.run(['ss', '-Hlun', 'sport = :67']);
    if (stdout === '') throw new Error(`dnsmasq does not listen: ${textOf(host, log)}`);
  });
  return {
    ...process,
    log: () => textOf(host, log),
    count: (text) => textOf(host, log).split(text).length - 1,
    leased: () =>
      textOf(host, '/run/dhcp/dnsmasq.leases')
        .split('\n')
        .flatMap((line) => line.split(' ')[2] ?? []),
  };
};

/** ISC's server in the server's pod. */
export const startIscDhcpd: StartServer = async (network, { lease = 120, renewal, rebinding, more = [] } = {}) => {
  const { host, server } = network;
  const program = await iscDhcpd();
  const option = (name: string, seconds: number | undefined) =>
    seconds === undefined ? '' : `option dhcp-${name}-time ${seconds};\n`;
  const conf = `authoritative;
ping-check false;
default-lease-time ${lease};
min-lease-time 1;
${option('renewal', renewal)}${option('rebinding', rebinding)}subnet 10.5.0.0 netmask 255.255.0.0 {
  range 10.5.3.1 10.5.3.250;
  option routers 10.5.0.1;
  ${more.join('\n  ')}
}
`;
  writeFileSync(`${host.root}/run/dhcp/dhcpd.conf`, conf);
  await host.run(['touch', '/run/dhcp/dhcpd.leases']);
  const files = ['-cf', '/run/dhcp/dhcpd.conf', '-lf', '/run/dhcp/dhcpd.leases', '-pf', '/run/dhcp/dhcpd.pid'];
  const log = '/run/dhcp/dhcpd.log';
  await host.run(['rm', '-f', log]);
  const process = server.start(['sh', '-c', `exec '${program}' -4 -d ${files.join(' ')} srv0 2>>${log}`]);
  running.add(process);
  await eventually(() => {
    if (!textOf(host, log).includes('Server starting service')) throw new Error(textOf(host, log));
  });
  return {
    ...process,
    log: () => textOf(host, log),
    count: (text) => textOf(host, log).split(text).length - 1,
    leased() {
      const states = new Map<string, string>();
      const text = textOf(host, '/run/dhcp/dhcpd.leases');
      for (const [, address = '', state = ''] of text.matchAll(/^lease (\S+) \{[^}]*?\n {2}binding state (\w+);/gm)) {
        states.set(address, state);
      }
      return [...states].flatMap(([address, state]) => (state === 'active' ? [address] : []));
    },
  };
};
