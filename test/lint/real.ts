/** A list that works. */
interface RealList {
  readonly file: string;
  readonly document: unknown;
  /** What is good to know of it all the same. */
  readonly notes?: readonly string[];
}

/** Lists as distributions, clusters and tools write them, by what writes them: the facts of their formats. */
export const REAL: Readonly<Record<string, RealList>> = {
  'flannel’s manifest': {
    file: '10-flannel.conflist',
    document: {
      name: 'cbr0',
      cniVersion: '0.3.1',
      plugins: [
        { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    },
  },
  'podman’s default': {
    file: '87-podman-bridge.conflist',
    document: {
      cniVersion: '0.4.0',
      name: 'podman',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni-podman0',
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          ipam: {
            type: 'host-local',
            routes: [{ dst: '0.0.0.0/0' }],
            ranges: [[{ subnet: '10.88.0.0/16', gateway: '10.88.0.1' }]],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'firewall' },
        { type: 'tuning' },
      ],
    },
  },
  'podman network create': {
    file: 'mine.conflist',
    document: {
      args: { podman_labels: { app: 'x' } },
      cniVersion: '0.4.0',
      name: 'mine',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni-podman1',
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          ipam: {
            type: 'host-local',
            routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
            ranges: [
              [{ subnet: '10.89.0.0/24', gateway: '10.89.0.1' }],
              [{ subnet: 'fd00:89::/64', gateway: 'fd00:89::1' }],
            ],
          },
          capabilities: { ips: true },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'firewall', backend: '' },
        { type: 'tuning', capabilities: { mac: true } },
        { type: 'dnsname', domainName: 'dns.podman', capabilities: { aliases: true } },
      ],
    },
  },
  'podman’s macvlan': {
    file: 'lan.conflist',
    document: {
      cniVersion: '0.4.0',
      name: 'lan',
      plugins: [{ type: 'macvlan', master: 'eth0', ipam: { type: 'dhcp' }, capabilities: { mac: true } }],
    },
  },
  'ipvlan on a link that a plugin in front of it makes': {
    file: 'chained.conflist',
    document: {
      cniVersion: '1.0.0',
      name: 'chained',
      plugins: [{ type: 'cloud-link' }, { type: 'ipvlan', mode: 'l2' }],
    },
  },
  kind: {
    file: '10-kindnet.conflist',
    document: {
      cniVersion: '0.3.1',
      name: 'kindnet',
      plugins: [
        {
          type: 'ptp',
          ipMasq: false,
          ipam: {
            type: 'host-local',
            dataDir: '/run/cni-ipam-state',
            routes: [{ dst: '0.0.0.0/0' }],
            ranges: [[{ subnet: '10.244.0.0/24' }]],
          },
          mtu: 1500,
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    },
  },
  k3s: {
    file: '10-flannel.conflist',
    document: {
      name: 'cbr0',
      cniVersion: '1.0.0',
      plugins: [
        { type: 'flannel', delegate: { hairpinMode: true, forceAddress: true, isDefaultGateway: true } },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'bandwidth', capabilities: { bandwidth: true } },
      ],
    },
  },
  calico: {
    file: '10-calico.conflist',
    document: {
      name: 'k8s-pod-network',
      cniVersion: '0.3.1',
      plugins: [
        {
          type: 'calico',
          log_level: 'info',
          log_file_path: '/var/log/calico/cni/cni.log',
          datastore_type: 'kubernetes',
          nodename: 'node-1',
          mtu: 0,
          ipam: { type: 'calico-ipam' },
          policy: { type: 'k8s' },
          kubernetes: { kubeconfig: '/etc/cni/net.d/calico-kubeconfig' },
        },
        { type: 'portmap', snat: true, capabilities: { portMappings: true } },
        { type: 'bandwidth', capabilities: { bandwidth: true } },
      ],
    },
  },
  'calico with host-local': {
    file: '10-calico.conflist',
    document: {
      name: 'k8s-pod-network',
      cniVersion: '0.3.1',
      plugins: [
        { type: 'calico', ipam: { type: 'host-local', subnet: 'usePodCidr' }, policy: { type: 'k8s' } },
        { type: 'portmap', snat: true, capabilities: { portMappings: true } },
      ],
    },
  },
  canal: {
    file: '10-canal.conflist',
    document: {
      name: 'k8s-pod-network',
      cniVersion: '0.3.1',
      plugins: [
        {
          type: 'calico',
          datastore_type: 'kubernetes',
          ipam: { type: 'host-local', ranges: [[{ subnet: 'usePodCidr' }]] },
          container_settings: { allow_ip_forwarding: false },
        },
        { type: 'portmap', snat: true, capabilities: { portMappings: true } },
        { type: 'bandwidth', capabilities: { bandwidth: true } },
      ],
    },
  },
  'multus, thick': {
    file: '00-multus.conf',
    document: {
      capabilities: { portMappings: true, bandwidth: true },
      cniVersion: '0.3.1',
      logLevel: 'verbose',
      name: 'multus-cni-network',
      clusterNetwork: '/host/etc/cni/net.d/10-flannel.conflist',
      type: 'multus-shim',
    },
  },
  'multus, thin': {
    file: '00-multus.conf',
    document: {
      cniVersion: '0.3.1',
      name: 'multus-cni-network',
      type: 'multus',
      kubeconfig: '/etc/cni/net.d/multus.d/multus.kubeconfig',
      delegates: [{ cniVersion: '0.3.1', name: 'default', plugins: [{ type: 'flannel', delegate: {} }] }],
    },
  },
  'cilium by itself': {
    file: '05-cilium.conflist',
    document: {
      cniVersion: '0.3.1',
      name: 'cilium',
      plugins: [{ type: 'cilium-cni', 'enable-debug': false, 'log-file': '/var/run/cilium/cilium-cni.log' }],
    },
  },
  'cilium behind ptp': {
    file: '05-cilium.conflist',
    document: {
      cniVersion: '0.3.1',
      name: 'generic-veth',
      plugins: [
        {
          type: 'ptp',
          ipam: { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'cilium-cni', 'chaining-mode': 'generic-veth' },
      ],
    },
  },
  'cri-o’s default': {
    file: '11-crio-ipv4-bridge.conflist',
    document: {
      cniVersion: '1.0.0',
      name: 'crio',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          ipam: { type: 'host-local', routes: [{ dst: '0.0.0.0/0' }], ranges: [[{ subnet: '10.85.0.0/16' }]] },
        },
      ],
    },
  },
  'cri-o’s loopback': {
    file: '99-loopback.conflist',
    document: { cniVersion: '1.0.0', name: 'loopback', plugins: [{ type: 'loopback' }] },
  },
  'containerd’s example': {
    file: '10-containerd-net.conflist',
    document: {
      cniVersion: '1.0.0',
      name: 'containerd-net',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          ipMasq: true,
          promiscMode: true,
          ipam: {
            type: 'host-local',
            ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: '2001:4860:4860::/64' }]],
            routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true }, externalSetMarkChain: 'KUBE-MARK-MASQ' },
      ],
    },
  },
  nerdctl: {
    file: 'nerdctl-bridge.conflist',
    document: {
      cniVersion: '1.0.0',
      name: 'bridge',
      nerdctlID: '17f29b073143d8cd97b5bbe492bdeffec1c5fee55cc1fe2112c8b9335f8b6121',
      nerdctlLabels: { 'nerdctl/default-network': 'true' },
      plugins: [
        {
          type: 'bridge',
          bridge: 'nerdctl0',
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          ipam: {
            ranges: [[{ gateway: '10.4.0.1', subnet: '10.4.0.0/24' }]],
            routes: [{ dst: '0.0.0.0/0' }],
            type: 'host-local',
          },
          capabilities: { ips: true },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'firewall', ingressPolicy: 'same-bridge' },
        { type: 'tuning' },
      ],
    },
  },
  'the AWS VPC plugin': {
    file: '10-aws.conflist',
    document: {
      cniVersion: '0.4.0',
      name: 'aws-cni',
      disableCheck: true,
      plugins: [
        { name: 'aws-cni', type: 'aws-cni', vethPrefix: 'eni', mtu: '9001', podSGEnforcingMode: 'strict' },
        {
          name: 'egress-cni',
          type: 'egress-cni',
          mtu: '9001',
          enabled: 'false',
          nodeIP: '192.0.2.1',
          ipam: {
            type: 'host-local',
            ranges: [[{ subnet: 'fd00::ac:00/118' }]],
            routes: [{ dst: '::/0' }],
            dataDir: '/run/cni/v4pd/egress-v6-ipam',
          },
        },
        { type: 'portmap', capabilities: { portMappings: true }, snat: true },
      ],
    },
  },
  weave: {
    file: '10-weave.conflist',
    document: {
      cniVersion: '0.3.0',
      name: 'weave',
      plugins: [
        { name: 'weave', type: 'weave-net', hairpinMode: true },
        { type: 'portmap', capabilities: { portMappings: true }, snat: true },
      ],
    },
  },
  'kube-router': {
    file: '10-kuberouter.conflist',
    notes: ['portmap does nothing with the capability "snat"'],
    document: {
      cniVersion: '0.3.0',
      name: 'mynet',
      plugins: [
        {
          name: 'kubernetes',
          type: 'bridge',
          bridge: 'kube-bridge',
          isDefaultGateway: true,
          hairpinMode: true,
          ipam: { type: 'host-local', subnet: '10.244.1.0/24' },
        },
        { type: 'portmap', capabilities: { snat: true, portMappings: true } },
      ],
    },
  },
  'keys in other letter cases': {
    file: '10-x.conflist',
    document: {
      cniVersion: '1.0.0',
      name: 'x',
      plugins: [
        { Type: 'bridge', ISGATEWAY: true, IPAM: { TYPE: 'host-local', Ranges: [[{ Subnet: '10.1.0.0/24' }]] } },
      ],
    },
  },
};
