import type { Netavark } from '../scripts/lib/netavark.ts';
import type { TimedChain } from './chain-loop.ts';

/** A container's network, as each contender is told to make it. */
export interface Attachment {
  readonly containerId: string;
  /** Its namespace. */
  readonly netns: string;
  readonly address: string;
  readonly hostPort: number;
}

/** One program to be started. */
export interface Call {
  readonly file: string;
  readonly args: readonly string[];
  /** Its whole environment besides PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** What it gets on stdin. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** All that takes a container's network up and down. */
export interface Job {
  readonly setup: readonly Call[];
  readonly teardown: readonly Call[];
  /** Whether a call is told what the one before it answered, as plugins of a chain are. */
  readonly isChain: boolean;
}

/** What a call gets on stdin after another one. */
export function stdinOf({ options }: Call, { isChain }: Job, prevResult: unknown): string {
  return JSON.stringify(isChain && prevResult !== undefined ? { ...options, prevResult } : options);
}

/** The job as the plugins of a chain do it, one after another. */
export function chainJob(chain: TimedChain, { containerId, netns, hostPort }: Attachment): Job {
  const calls = (verb: 'ADD' | 'DEL') =>
    chain.plugins.map((plugin) => ({
      file: `${chain.folder}/${plugin.type}`,
      args: [],
      env: {
        CNI_COMMAND: verb,
        CNI_CONTAINERID: containerId,
        CNI_NETNS: netns,
        CNI_IFNAME: 'eth0',
        CNI_PATH: chain.folder,
      },
      options: { ...withPort(plugin, hostPort), cniVersion: chain.cniVersion, name: chain.network },
    }));
  return { setup: calls('ADD'), teardown: calls('DEL').reverse(), isChain: true };
}

/** The job as netavark does it, told what podman tells it. */
export function netavarkJob(
  { command, firewall }: Netavark,
  { containerId, netns, address, hostPort }: Attachment,
): Job {
  const [file, ...before] = command;
  const network = {
    name: 'theirs',
    id: 'e'.repeat(64),
    driver: 'bridge',
    network_interface: 'br-theirs',
    subnets: [{ subnet: '10.88.0.0/16', gateway: '10.88.0.1' }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: 'host-local' },
  };
  const port = { container_ip: '', container_port: 80, host_ip: '', host_port: hostPort, protocol: 'tcp', range: 1 };
  const call = (verb: string): Call => ({
    file,
    args: [...before, '--config', '/run/containers/networks', verb, netns],
    // Said and not left to it: it would look for firewalld on the bus first.
    env: { NETAVARK_FW: firewall },
    options: {
      container_id: containerId,
      container_name: containerId,
      port_mappings: [port],
      networks: { theirs: { interface_name: 'eth0', static_ips: [address] } },
      network_info: { theirs: network },
    },
  });
  return { setup: [call('setup')], teardown: [call('teardown')], isChain: false };
}

function withPort(plugin: TimedChain['plugins'][number], hostPort: number): TimedChain['plugins'][number] {
  if (plugin.type !== 'portmap') return plugin;
  return { ...plugin, runtimeConfig: { portMappings: [{ hostPort, containerPort: 80, protocol: 'tcp' }] } };
}
