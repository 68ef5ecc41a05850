import type { PluginEntry } from './libcni-conf.ts';

/** The plugins of podman's networks, as `podman network create` writes them. */
export function podmanPlugins(range: object): readonly PluginEntry[] {
  return [
    {
      type: 'bridge',
      bridge: 'cni-podman1',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', routes: [{ dst: '0.0.0.0/0' }], ranges: [[range]] },
      capabilities: { ips: true },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'firewall', backend: '' },
    { type: 'tuning' },
  ];
}
