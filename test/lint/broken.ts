/** A file with one mistake, which begins where `◆` stands. */
export interface BrokenFile {
  readonly file?: string;
  readonly text: string;
  /** Severity, key and message. */
  readonly finding: readonly [severity: 'error' | 'warning' | 'note', key: string, message: string];
}

/** A list with these plugins, one a line. */
export function listOf(plugins: string, version = '1.0.0'): string {
  return `{\n  "cniVersion": "${version}",\n  "name": "net",\n  "plugins": [\n${plugins}\n  ]\n}\n`;
}

/** A list of one bridge with host-local, whose configuration has these lines besides. */
function bridge(lines: string, ipam = '{ "type": "host-local", "subnet": "10.1.0.0/24" }'): string {
  return listOf(`    {\n      "type": "bridge",\n      ${lines},\n      "ipam": ${ipam}\n    }`);
}

/** A list of one bridge with an `ipam` section of these lines besides its type. */
function ipam(lines: string, type = 'host-local'): string {
  return listOf(
    `    {\n      "type": "bridge",\n      "ipam": {\n        "type": "${type}",\n        ${lines}\n      }\n    }`,
  );
}

const BRIDGE = '    { "type": "bridge", "ipam": { "type": "host-local", "subnet": "10.1.0.0/24" } }';

/** A bridge, then a plugin with this text. */
const then = (plugin: string): string => listOf(`${BRIDGE},\n    ${plugin}`);

/** Mistakes of every kind, by what they are. */
export const BROKEN: Readonly<Record<string, BrokenFile>> = {
  'a comma too many': {
    text: '{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  "plugins": [],\n◆}\n',
    finding: ['error', '', 'not JSON: found "}"'],
  },
  'a bracket too few': {
    text: '{\n  "cniVersion": "1.0.0",\n  "plugins": [\n    { "type": "bridge" }\n◆]\n',
    finding: ['error', '', 'not JSON: found the end'],
  },
  'a comment': {
    text: '{\n  ◆// mine\n  "cniVersion": "1.0.0"\n}\n',
    finding: ['error', '', 'not JSON: found "//"'],
  },
  'no object': { text: '◆[]\n', finding: ['error', '', 'not a configuration'] },
  'no name': {
    text: '◆{\n  "cniVersion": "1.0.0",\n  "plugins": [{ "type": "loopback" }]\n}\n',
    finding: ['error', 'name', 'missing network name'],
  },
  'a name with a slash': {
    text: '{\n  "cniVersion": "1.0.0",\n  "name": ◆"a/b",\n  "plugins": [{ "type": "loopback" }]\n}\n',
    finding: ['error', 'name', 'invalid characters found in network name'],
  },
  'no version': {
    text: '◆{\n  "name": "net",\n  "plugins": [{ "type": "loopback" }]\n}\n',
    finding: ['warning', 'cniVersion', 'no "cniVersion": the list counts as one of version 0.1.0'],
  },
  'a version that there is not': {
    text: '{\n  "cniVersion": ◆"1.2.0",\n  "name": "net",\n  "plugins": [{ "type": "loopback" }]\n}\n',
    finding: ['error', 'cniVersion', '"1.2.0" is not a version of the CNI specification'],
  },
  'a version that is a number': {
    text: '{\n  "cniVersion": ◆1.0,\n  "name": "net",\n  "plugins": [{ "type": "loopback" }]\n}\n',
    finding: ['error', 'cniVersion', 'the version is not a text'],
  },
  'a key of the list in another letter case': {
    text: '{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  ◆"disablecheck": true,\n  "plugins": [{ "type": "loopback" }]\n}\n',
    finding: ['warning', 'disablecheck', 'unknown key "disablecheck" is ignored'],
  },
  'plugins that are no list': {
    text: '{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  "plugins": ◆{ "type": "loopback" }\n}\n',
    finding: ['error', 'plugins', '"plugins" is not a list'],
  },
  'no plugins': {
    text: '{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  "plugins": ◆[]\n}\n',
    finding: ['error', 'plugins', 'no plugins in the list'],
  },
  'CHECK expected of an old list': {
    text: `{\n  "cniVersion": "0.3.1",\n  "name": "net",\n  ◆"disableCheck": false,\n  "plugins": [{ "type": "loopback" }]\n}\n`,
    finding: ['warning', 'disableCheck', 'CHECK is never called for a list of version 0.3.1'],
  },
  'a plugin that does not speak the version': {
    text: listOf(`${BRIDGE},\n    { "type": ◆"firewall" }`, '0.3.1'),
    finding: ['error', 'plugins[1].type', 'firewall does not speak version 0.3.1'],
  },
  'a list in a file for one plugin': {
    file: '10-net.conf',
    text: '{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  ◆"plugins": [{ "type": "loopback" }]\n}\n',
    finding: [
      'error',
      'plugins',
      'a list in a file called "….conf": runtimes look for one plugin in it and find no type',
    ],
  },
  'one plugin in a file for a list': {
    text: '{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  ◆"type": "loopback"\n}\n',
    finding: ['error', 'type', 'no "plugins" in a file called "….conflist"'],
  },
  'a file that runtimes ignore': {
    file: '10-net.conflist.bak',
    text: '◆{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  "plugins": [{ "type": "loopback" }]\n}\n',
    finding: ['warning', '', 'runtimes ignore files called "….bak"'],
  },
  'a plugin without type': {
    text: listOf('    ◆{ "bridge": "cni0" }'),
    finding: ['error', 'plugins[0].type', 'no "type": nothing says which plugin is called'],
  },
  'a slip in a type': {
    text: listOf('    { "type": ◆"brigde" }'),
    finding: ['warning', 'plugins[0].type', 'no plugin "brigde" is known'],
  },
  'a path as a type': {
    text: listOf('    { "type": ◆"/opt/cni/bin/bridge" }'),
    finding: ['error', 'plugins[0].type', 'the type is a path'],
  },
  'a slip in the type of an IPAM plugin': {
    text: bridge('"mtu": 1500', '{ "type": ◆"host-locale", "subnet": "10.1.0.0/24" }'),
    finding: ['warning', 'plugins[0].ipam.type', 'no plugin "host-locale" is known'],
  },
  'a chained plugin in front': {
    text: listOf('    { "type": ◆"portmap", "capabilities": { "portMappings": true } }'),
    finding: ['error', 'plugins[0].type', 'portmap works on what a plugin before it has made, and is the first'],
  },
  'two plugins that make an interface': {
    text: then('{ "type": ◆"macvlan", "master": "eth0", "ipam": { "type": "dhcp" } }'),
    finding: ['error', 'plugins[1].type', 'macvlan makes an interface of its own, and is not the first'],
  },
  'an IPAM plugin in the list': {
    text: then('{ "type": ◆"host-local" }'),
    finding: ['error', 'plugins[1].type', 'host-local only gives addresses and cannot stand by itself'],
  },
  'a chained plugin twice': {
    text: then('{ "type": "firewall" },\n    { "type": ◆"firewall" }'),
    finding: ['warning', 'plugins[2].type', 'firewall stands twice in the list (plugins[1])'],
  },
  'a key twice': {
    text: bridge('"mtu": 1400,\n      ◆"mtu": 1500'),
    finding: ['error', 'plugins[0].mtu', 'the key "mtu" stands twice'],
  },
  'a key in two letter cases': {
    text: bridge('"mtu": 1400,\n      ◆"MTU": 1500'),
    finding: ['warning', 'plugins[0].MTU', '"mtu" and "MTU" are the same key to plugins'],
  },
  'a slip in a key': {
    text: bridge('◆"isGatway": true'),
    finding: ['warning', 'plugins[0].isGatway', 'unknown key "isGatway" is ignored'],
  },
  'a slip deep inside': {
    text: ipam('"ranges": [[{\n          "subnet": "10.1.0.0/24",\n          ◆"rangStart": "10.1.0.9"\n        }]]'),
    finding: ['warning', 'plugins[0].ipam.ranges[0][0].rangStart', 'unknown key "rangStart" is ignored'],
  },
  'a key of ipam outside of it': {
    text: bridge('◆"routes": []'),
    finding: ['warning', 'plugins[0].routes', 'bridge does not read "routes"'],
  },
  'a key that nobody knows': {
    text: bridge('◆"colour": "blue"'),
    finding: ['note', 'plugins[0].colour', 'bridge does not know the key "colour"'],
  },
  'a number in quotes': {
    text: bridge('"mtu": ◆"1500"'),
    finding: ['error', 'plugins[0].mtu', 'found string "1500", expected a whole number'],
  },
  'ranges without inner lists': {
    text: ipam('"ranges": [◆{ "subnet": "10.1.0.0/24" }]'),
    finding: ['error', 'plugins[0].ipam.ranges[0]', 'found object with "subnet", expected a list'],
  },
  'a subnet with host bits': {
    text: ipam('"ranges": [[{ "subnet": ◆"10.1.0.1/24" }]]'),
    finding: [
      'error',
      'plugins[0].ipam.ranges[0][0].subnet',
      'invalid range set 0: Network has host bits set. For a subnet mask of length 24 the network address is 10.1.0.0',
    ],
  },
  'no ranges': {
    text: ipam('"ranges": ◆[]'),
    finding: ['error', 'plugins[0].ipam.ranges', 'no IP ranges specified'],
  },
  'subnets that overlap': {
    text: ipam(
      '"ranges": [\n          ◆[{ "subnet": "10.1.0.0/16" }],\n          [{ "subnet": "10.1.2.0/24" }]\n        ]',
    ),
    finding: ['error', 'plugins[0].ipam.ranges[0]', 'range set 0 overlaps with 1'],
  },
  'a gateway elsewhere': {
    text: ipam('"ranges": [[{ "subnet": "10.1.0.0/24", "gateway": ◆"10.2.0.1" }]]'),
    finding: ['error', 'plugins[0].ipam.ranges[0][0].gateway', 'the gateway 10.2.0.1 is not in 10.1.0.0/24'],
  },
  'a gateway of static elsewhere': {
    text: ipam('"addresses": [{ "address": "10.1.0.2/24", "gateway": ◆"10.1.1.1" }]', 'static'),
    finding: ['error', 'plugins[0].ipam.addresses[0].gateway', 'the gateway 10.1.1.1 is not in 10.1.0.0/24'],
  },
  'an address of static without length': {
    text: ipam('"addresses": [{ "address": ◆"10.1.0.2" }]', 'static'),
    finding: [
      'error',
      'plugins[0].ipam.addresses[0].address',
      "the 'address' field is expected to be in CIDR notation, got: '10.1.0.2'",
    ],
  },
  'a route by nobody': {
    text: ipam('"subnet": "10.1.0.0/24",\n        "routes": [{ "dst": "0.0.0.0/0", "gw": ◆"192.0.2.1" }]'),
    finding: ['error', 'plugins[0].ipam.routes[0].gw', 'no address of the container reaches the gateway 192.0.2.1'],
  },
  'a route to default': {
    text: ipam('"subnet": "10.1.0.0/24",\n        "routes": [{ "dst": ◆"default" }]'),
    finding: ['error', 'plugins[0].ipam.routes[0].dst', '"default" is not a network'],
  },
  'a gateway without addresses': {
    text: listOf('    {\n      "type": "bridge",\n      ◆"isGateway": true\n    }'),
    finding: ['warning', 'plugins[0].isGateway', '"isGateway" without "ipam": there is no address to do it with'],
  },
  'ipam without type': {
    text: listOf('    {\n      "type": "bridge",\n      ◆"ipam": { "subnet": "10.1.0.0/24" }\n    }'),
    finding: ['warning', 'plugins[0].ipam', 'the "ipam" section has no type, so nobody gives addresses'],
  },
  'a default route twice': {
    text: listOf(
      '    {\n      "type": "bridge",\n      "isDefaultGateway": true,\n      "ipam": {\n        "type": "host-local",\n' +
        '        "subnet": "10.1.0.0/24",\n        "routes": [{ "dst": ◆"0.0.0.0/0" }]\n      }\n    }',
    ),
    finding: ['warning', 'plugins[0].ipam.routes[0].dst', '"isDefaultGateway" makes a default route too'],
  },
  'hairpin and promiscuous': {
    text: bridge('"hairpinMode": true,\n      "promiscMode": ◆true'),
    finding: ['error', 'plugins[0].promiscMode', 'cannot set hairpin mode and promiscuous mode at the same time'],
  },
  'a VLAN that there is not': {
    text: bridge('"vlan": ◆4095'),
    finding: ['error', 'plugins[0].vlan', 'invalid VLAN ID 4095 (must be between 0 and 4094)'],
  },
  'half a range of a trunk': {
    text: bridge('"vlanTrunk": [◆{ "minID": 5 }]'),
    finding: [
      'error',
      'plugins[0].vlanTrunk[0].maxID',
      'minID and maxID should be configured simultaneously, maxID is missing',
    ],
  },
  'a VLAN tagged and untagged': {
    text: bridge('"vlan": 7,\n      "vlanTrunk": [{ "id": 3 }, ◆{ "minID": 5, "maxID": 9 }]'),
    finding: ['warning', 'plugins[0].vlanTrunk[1]', 'VLAN 7 is the port\'s own ("vlan") and passes tagged too'],
  },
  'a default VLAN kept without any': {
    text: bridge('◆"preserveDefaultVlan": true'),
    finding: ['warning', 'plugins[0].preserveDefaultVlan', '"preserveDefaultVlan" does nothing without a VLAN'],
  },
  'a bridge with a long name': {
    text: bridge('"bridge": ◆"a-bridge-with-a-long-name"'),
    finding: [
      'error',
      'plugins[0].bridge',
      '"a-bridge-with-a-long-name" cannot be a bridge: interface name is too long',
    ],
  },
  'an MTU that no link can have': {
    text: bridge('"mtu": ◆99999999'),
    finding: ['error', 'plugins[0].mtu', 'invalid MTU 99999999'],
  },
  'a range of nothing but the gateway': {
    text: bridge(
      '"mtu": 1500',
      '{ "type": "host-local", "ranges": [◆[{ "subnet": "10.1.0.0/24", "rangeStart": "10.1.0.1", "rangeEnd": "10.1.0.1" }]] }',
    ),
    finding: ['error', 'plugins[0].ipam.ranges[0]', 'there is no address for containers'],
  },
  'an MTU too small for IPv6': {
    text: bridge('"mtu": ◆1000', '{ "type": "host-local", "subnet": "fd00::/64" }'),
    finding: ['error', 'plugins[0].mtu', 'there is no IPv6 on a link with an MTU of 1000'],
  },
  'a backend for nothing': {
    text: bridge('◆"ipMasqBackend": "nftables"'),
    finding: ['warning', 'plugins[0].ipMasqBackend', '"ipMasqBackend" does nothing without "ipMasq"'],
  },
  'masquerade twice': {
    text: listOf(
      '    { "type": "bridge", "ipMasq": true, "ipam": { "type": "host-local", "subnet": "10.1.0.0/24" } },\n' +
        '    {\n      "type": "mine",\n      ◆"ipMasq": true\n    }',
    ),
    finding: ['warning', 'plugins[1].ipMasq', 'both bridge and mine masquerade'],
  },
  'a capability with a slip': {
    text: then('{ "type": "mine", "capabilities": { ◆"portmappings": true } }'),
    finding: ['warning', 'plugins[1].capabilities.portmappings', 'no runtime knows the capability "portmappings"'],
  },
  'a capability in quotes': {
    text: then('{ "type": "mine", "capabilities": { "mac": ◆"true" } }'),
    finding: ['error', 'plugins[1].capabilities.mac', 'the capability "mac" is neither true nor false'],
  },
  'host ports without portmap': {
    text: bridge('"capabilities": { ◆"portMappings": true }'),
    finding: [
      'warning',
      'plugins[0].capabilities.portMappings',
      'bridge maps no host ports, and portmap is not in the list',
    ],
  },
  'a capability that the plugin does not use': {
    text: then('{ "type": "firewall", "capabilities": { ◆"ips": true } }'),
    finding: ['warning', 'plugins[1].capabilities.ips', 'firewall does nothing with the capability "ips"'],
  },
  'portmap without its capability': {
    text: then('{ "type": ◆"portmap" }'),
    finding: ['warning', 'plugins[1].type', 'portmap is never told which host ports to map'],
  },
  'a mark of Kubernetes': {
    text: then('{ "type": "portmap", "capabilities": { "portMappings": true }, "markMasqBit": ◆14 }'),
    finding: ['warning', 'plugins[1].markMasqBit', 'bit 14 of the packet mark is that of Kubernetes (KUBE-MARK-MASQ)'],
  },
  'two ways to mark': {
    text: then(
      '{ "type": "portmap", "capabilities": { "portMappings": true }, "externalSetMarkChain": "X", "markMasqBit": ◆9 }',
    ),
    finding: ['error', 'plugins[1].markMasqBit', 'Cannot specify externalSetMarkChain and markMasqBit'],
  },
  'a mark without SNAT': {
    text: then('{ "type": "portmap", "capabilities": { "portMappings": true }, "snat": false, ◆"masqAll": true }'),
    finding: ['warning', 'plugins[1].masqAll', '"masqAll" does nothing with "snat": false'],
  },
  'a backend that there is not': {
    text: then('{ "type": "portmap", "capabilities": { "portMappings": true }, "backend": ◆"ipfw" }'),
    finding: ['error', 'plugins[1].backend', 'unrecognized backend "ipfw"'],
  },
  'a policy that there is not': {
    text: then('{ "type": "firewall", "ingressPolicy": ◆"closed" }'),
    finding: ['error', 'plugins[1].ingressPolicy', 'unknown ingress policy: "closed"'],
  },
  'a MAC that is none': {
    text: then('{ "type": "tuning", "mac": ◆"02:00" }'),
    finding: ['error', 'plugins[1].mac', 'invalid args 02:00 for MAC addr: address 02:00: invalid MAC address'],
  },
  'a rate without a burst': {
    text: then('{ "type": "bandwidth", "capabilities": { "bandwidth": true },\n      "ingressRate": ◆1000000 }'),
    finding: ['error', 'plugins[1].ingressRate', 'if rate is set, burst must also be set'],
  },
  'a VRF without a name': {
    text: then('{ "type": "vrf", "vrfname": ◆"", "table": 500 }'),
    finding: ['error', 'plugins[1].vrfname', 'configuration is expected to have a valid vrf name'],
  },
  'a device that cannot be': {
    text: listOf('    { "type": "host-device", "hwaddr": ◆"02:00" }'),
    finding: [
      'error',
      'plugins[0].hwaddr',
      'failed to find host device: failed to parse MAC address "02:00": address 02:00: invalid MAC address',
    ],
  },
  'a VLAN without a link below': {
    text: listOf('    ◆{ "type": "vlan", "vlanId": 5 }'),
    finding: [
      'error',
      'plugins[0].master',
      '"master" field is required. It specifies the host interface name to create the VLAN for',
    ],
  },
  'a VLAN that cannot be made': {
    text: listOf('    { "type": "vlan", "master": "eth0", "vlanId": ◆4095 }'),
    finding: ['error', 'plugins[0].vlanId', 'invalid VLAN ID 4095 (must be between 0 and 4095 inclusive)'],
  },
  'a mode of ipvlan that there is not': {
    text: listOf('    { "type": "ipvlan", "master": "eth0", "mode": ◆"bridge" }'),
    finding: ['error', 'plugins[0].mode', 'unknown ipvlan mode: "bridge"'],
  },
  'an ipam section in the delegate': {
    text: listOf('    { "type": "flannel", "delegate": {\n      "ipam": ◆{ "type": "host-local" }\n    } }'),
    finding: [
      'error',
      'plugins[0].delegate.ipam',
      "'delegate' dictionary must not have 'ipam' field, it'll be set by flannel",
    ],
  },
  'a slip in the delegate': {
    text: listOf('    { "type": "flannel", "delegate": {\n      ◆"hairpinmod": true\n    } }'),
    finding: ['warning', 'plugins[0].delegate.hairpinmod', 'unknown key "hairpinmod" is ignored'],
  },
  'what the runtime adds': {
    text: then('{ "type": "tuning", ◆"runtimeConfig": {} }'),
    finding: ['warning', 'plugins[1].runtimeConfig', '"runtimeConfig" is written by the runtime in each call'],
  },
};
