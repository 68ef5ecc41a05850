import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { chainName } from '../../../pkg/netfilter/names.ts';
import { chainOf } from '../../../plugins/portmap/rules-iptables.ts';
import { CONF, listOf, type Patient } from './doctor-node.ts';

/** Something that goes wrong on nodes. */
export interface Fault {
  plant(patient: Patient): Promise<unknown> | unknown;
  /** The checks that find it, each with what it says; in their order. */
  readonly found: readonly (readonly [check: string, severity: string, says: RegExp])[];
  /** Whether `--fix` makes the node as it was before. */
  readonly isMended?: true;
}

const RECORDS = '/run/cni-ts/attachments';
const LEASES = '/var/lib/cni/networks/net';
const HOST_LINK = 'ip -o link show master cni0 | cut -d: -f2 | cut -d@ -f1 | head -n1';

const sh = (script: string) => async (patient: Patient) => {
  const { exitCode, stderr } = await patient.host.run(['sh', '-ec', script]);
  if (exitCode !== 0) throw new Error(`${script}: ${stderr}`);
};

/** The same node, whose network is flannel's. */
function becomeFlannel({ write }: Patient, subnet: string): void {
  write(
    '/run/flannel/subnet.env',
    `FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=${subnet}\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=false\n`,
  );
  const flannel = { type: 'flannel', delegate: { bridge: 'cni0', isDefaultGateway: true, ipMasqBackend: 'iptables' } };
  write(`${CONF}/10-net.conflist`, { ...listOf(), plugins: [flannel, ...listOf().plugins.slice(1)] });
}

/** A way outside, without what the kernel adds for IPv6 in its own time. */
const UPLINK =
  'ip link add lan0 type veth peer name far0; ' +
  'for name in lan0 far0; do echo 1 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done; ip link set far0 up; ip link set lan0 up; ' +
  'ip addr add 192.0.2.2/24 dev lan0; ip route add default via 192.0.2.1';
const GHOST = chainName('net', 'ghost');
const DEAD_PORTS = chainOf({ network: 'net', containerId: 'ghost' });

/** What a plugin of somebody else answers to everything. */
const ANOTHER_SUITE = '#!/bin/sh\necho \'{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}\'\n';
const OVERWRITTEN = [
  'installation',
  'error',
  /\/opt\/cni\/bin\/portmap is not of this suite: somebody has written over it/,
] as const;

/** Faults by what they are. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'no configuration': {
    plant: ({ remove }) => remove(`${CONF}/10-net.conflist`),
    found: [['configuration', 'error', /there is no network configuration in \/etc\/cni\/net\.d/]],
  },
  'a broken file in front': {
    plant: ({ write }) => write(`${CONF}/05-x.conflist`, '{\n  "name": "x",\n}\n'),
    found: [['configuration', 'error', /05-x\.conflist:3:1: not JSON: found "}"/]],
  },
  'a mistake in the list': {
    plant: ({ write }) => write(`${CONF}/10-net.conflist`, JSON.stringify(listOf()).replace('true', '"true"')),
    found: [
      ['configuration', 'error', /10-net\.conflist:1:99: found string "true", expected true or false/],
      ['status', 'error', /bridge is not ready/],
    ],
  },
  'another list in front': {
    plant: ({ write }) =>
      write(`${CONF}/05-old.conflist`, {
        ...listOf({ subnet: '10.43.0.0/24' }),
        name: 'old',
        plugins: [{ type: 'loopback' }, ...listOf().plugins.slice(1)],
      }),
    found: [['configuration', 'note', /05-old\.conflist \(network old\) sorts first; also there: .*10-net\.conflist/]],
  },
  'a plugin that is missing': {
    plant: ({ remove }) => remove('/opt/cni/bin/portmap'),
    found: [['plugins', 'error', /the plugin portmap is not in \/opt\/cni\/bin/]],
  },
  'a plugin that cannot run': {
    plant({ remove, write }) {
      remove('/opt/cni/bin/portmap');
      write('/opt/cni/bin/portmap', 'no program');
    },
    found: [OVERWRITTEN, ['plugins', 'error', /\/opt\/cni\/bin\/portmap does not answer VERSION/]],
  },
  'a plugin of another suite that is too old': {
    async plant(patient) {
      patient.remove('/opt/cni/bin/portmap');
      patient.write(
        '/opt/cni/bin/portmap',
        '#!/bin/sh\necho \'{"cniVersion":"0.3.1","supportedVersions":["0.3.1"]}\'\n',
      );
      await sh('chmod +x /opt/cni/bin/portmap')(patient);
    },
    found: [OVERWRITTEN, ['plugins', 'error', /portmap does not speak version 1\.0\.0 of .*10-net\.conflist/]],
  },
  'a plugin of another suite': {
    async plant(patient) {
      patient.remove('/opt/cni/bin/portmap');
      patient.write('/opt/cni/bin/portmap', ANOTHER_SUITE);
      await sh('chmod +x /opt/cni/bin/portmap')(patient);
    },
    found: [OVERWRITTEN],
  },
  'a node of another suite': {
    async plant(patient) {
      await sh('rm /opt/cni/bin/*')(patient);
      for (const name of ['bridge', 'host-local', 'portmap']) {
        patient.write(`/opt/cni/bin/${name}`, ANOTHER_SUITE);
        await sh(`chmod +x /opt/cni/bin/${name}`)(patient);
      }
    },
    found: [
      ['plugins', 'note', /bridge says .* this tool is of v/],
      ['plugins', 'note', /portmap says .* this tool is of v/],
    ],
  },
  'flannel without its file': {
    plant: ({ write }) => {
      write(`${CONF}/05-flannel.conflist`, {
        cniVersion: '1.0.0',
        name: 'cbr0',
        plugins: [{ type: 'flannel', delegate: {} }],
      });
    },
    found: [
      ['configuration', 'note', /05-flannel\.conflist \(network cbr0\) sorts first/],
      ['status', 'error', /flannel is not ready: plugin flannel is not available/],
    ],
  },
  'nothing, on a node of flannel': {
    plant: (patient) => becomeFlannel(patient, '10.42.0.1/24'),
    found: [],
  },
  'another subnet of flannel': {
    plant: (patient) => becomeFlannel(patient, '10.42.1.1/24'),
    found: [['bridges', 'error', /cni0 has 10\.42\.0\.1\/24, and .*10-net\.conflist wants 10\.42\.1\.1\/24/]],
  },
  'forwarding off': {
    plant: sh('echo 0 >/proc/sys/net/ipv4/ip_forward'),
    found: [['forwarding', 'error', /net\.ipv4\.ip_forward is 0/]],
    isMended: true,
  },
  'packets that are dropped': {
    plant: sh('iptables -P FORWARD DROP'),
    found: [['forwarding', 'error', /the policy of iptables’ FORWARD chain is DROP/]],
  },
  'strict reverse paths': {
    plant: sh('echo 1 >/proc/sys/net/ipv4/conf/cni0/rp_filter; echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter'),
    found: [['forwarding', 'note', /packets that come in by cni0 are dropped unless/]],
  },
  'another address on the bridge': {
    plant: sh('ip addr flush dev cni0; ip addr add 10.9.0.1/24 dev cni0'),
    found: [['bridges', 'error', /cni0 has 10\.9\.0\.1\/24, and .*10-net\.conflist wants 10\.42\.0\.1\/24/]],
  },
  'a bridge without its address': {
    plant: sh('ip addr flush dev cni0'),
    found: [['bridges', 'error', /cni0 has lost its address 10\.42\.0\.1\/24/]],
  },
  'a bridge that is down': {
    plant: sh('ip link set cni0 down'),
    found: [['bridges', 'error', /cni0 is down/]],
  },
  'a link out of its bridge': {
    plant: sh(`ip link set $(${HOST_LINK}) nomaster`),
    found: [['bridges', 'error', /veth[0-9a-f]{8}, the link of container c[12] \(eth0\), is in no bridge/]],
  },
  'a link that is gone': {
    plant: sh(`ip link del $(${HOST_LINK})`),
    found: [['bridges', 'error', /veth[0-9a-f]{8}, the link of container c[12] \(eth0\), is gone/]],
  },
  'a network that is elsewhere too': {
    plant: sh('ip link add lan type bridge; ip link set lan up; ip addr add 10.42.0.130/25 dev lan'),
    found: [
      [
        'overlap',
        'warning',
        /10\.42\.0\.0\/24 of the network net overlaps with 10\.42\.0\.128\/25, which is reached by lan/,
      ],
    ],
  },
  'a container without namespace': {
    async plant(patient) {
      const pod = await patient.addPod('c3', 8083);
      await pod.remove();
      // Whoever announced the container holds its namespace for a moment longer.
      await sh('while ip -o link | grep -q cni-ts:net/c3/; do sleep 0.02; done')(patient);
      // The kernel gives the number of the namespace to the next one, which may be that of another test.
      await sh(`sed -i 's/"ino":"[0-9]*"/"ino":"1"/' ${RECORDS}/c3/*.json ${RECORDS}/.ports/tcp-8083`)(patient);
    },
    found: [
      ['records', 'warning', /the namespace \/run\/netns\/\S+ of container c3 \(eth0, network net\) is gone/],
      ['leases', 'warning', /10\.42\.0\.4 of the network net is leased to container c3: its network namespace is gone/],
    ],
    isMended: true,
  },
  'a record that is damaged': {
    plant: ({ write }) => write(`${RECORDS}/c9/eth0:net:bridge.json`, '{"version":1,'),
    found: [['records', 'warning', /the record \S+c9\/eth0:net:bridge\.json is damaged/]],
    isMended: true,
  },
  'a lease of another boot': {
    plant({ write, host }) {
      write(`${LEASES}/10.42.0.77`, 'old\r\neth0');
      utimesSync(`${host.root}${LEASES}/10.42.0.77`, 1e9, 1e9);
    },
    found: [
      ['leases', 'warning', /10\.42\.0\.77 of the network net is leased to container old: it is from before this boot/],
    ],
    isMended: true,
  },
  'a lease that is empty': {
    plant: ({ write }) => write(`${LEASES}/10.42.0.78`, ''),
    found: [['leases', 'warning', /10\.42\.0\.78 is empty or damaged and names no container/]],
    isMended: true,
  },
  'a range that is full': {
    plant: ({ write }) =>
      write(
        `${CONF}/10-net.conflist`,
        listOf({ subnet: '10.42.0.0/24', rangeStart: '10.42.0.2', rangeEnd: '10.42.0.3' }),
      ),
    found: [['leases', 'error', /the network net has no free address: .*2 leases, 2 alive/]],
  },
  'a range of nothing but the gateway': {
    plant: ({ write }) =>
      write(
        `${CONF}/10-net.conflist`,
        listOf({ subnet: '10.42.0.0/24', rangeStart: '10.42.0.1', rangeEnd: '10.42.0.1' }),
      ),
    found: [
      ['configuration', 'error', /10-net\.conflist:\d+:\d+: there is no address for containers/],
      [
        'leases',
        'error',
        /the network net has a range without addresses: key "ipam\.ranges\[0\]": found 10\.42\.0\.0\/24 from 10\.42\.0\.1 to 10\.42\.0\.1/,
      ],
    ],
  },
  'an MTU above the uplink’s': {
    async plant(patient) {
      const [main, ...others] = listOf().plugins;
      patient.write(`${CONF}/10-net.conflist`, { ...listOf(), plugins: [{ ...main, mtu: 9000 }, ...others] });
      await sh(UPLINK)(patient);
    },
    found: [['mtu', 'warning', /plugins\[0\]\.mtu of .*10-net\.conflist is 9000, and the uplink lan0 has 1500/]],
  },
  'an uplink below the bridge’s MTU': {
    plant: sh(`${UPLINK}; ip link set lan0 mtu 1400`),
    found: [['mtu', 'warning', /the bridge cni0 has an MTU of 1500, and the uplink lan0 has 1400/]],
  },
  'nothing, with an uplink': { plant: sh(UPLINK), found: [] },
  'a damaged cached result': {
    plant: ({ write }) => write('/var/lib/cni/results/net-c1-eth0', '{"kind":"cniCacheV1",'),
    found: [['cache', 'warning', /the cached result \/var\/lib\/cni\/results\/net-c1-eth0 is damaged/]],
    isMended: true,
  },
  'a damaged cached result of podman’s': {
    plant: ({ write }) => write('/var/lib/cni/cache/results/net-c1-eth0', '{"kind":"cniCacheV1","ifName":1}'),
    found: [['cache', 'warning', /\/var\/lib\/cni\/cache\/results\/net-c1-eth0 is damaged/]],
    isMended: true,
  },
  'a host port of two containers': {
    plant({ host }) {
      const file = `${host.root}${RECORDS}/.ports/tcp-8081`;
      const other = readFileSync(`${host.root}${RECORDS}/.ports/tcp-8082`, 'utf8');
      writeFileSync(file, JSON.stringify([...JSON.parse(readFileSync(file, 'utf8')), ...JSON.parse(other)]));
    },
    found: [['ports', 'warning', /the host port tcp-8081 is of container c1 and of container c2/]],
  },
  'a host port of nobody': {
    plant({ host, write }) {
      const [claim] = JSON.parse(readFileSync(`${host.root}${RECORDS}/.ports/tcp-8081`, 'utf8'));
      write(`${RECORDS}/.ports/tcp-9999`, JSON.stringify([{ ...claim, containerId: 'gone', bootId: 'another' }]));
    },
    found: [['ports', 'warning', /the host port tcp-9999 is noted for container gone, which is gone/]],
    isMended: true,
  },
  'a host port of the reference’s that leads to nobody': {
    plant: sh(
      `iptables -t nat -N ${DEAD_PORTS}; iptables -t nat -A CNI-HOSTPORT-DNAT -m comment --comment 'dnat name: "net" id: "ghost"' ` +
        `-m multiport -p tcp --destination-ports 9090 -j ${DEAD_PORTS}; ` +
        `iptables -t nat -A ${DEAD_PORTS} -p tcp --dport 9090 -j DNAT --to-destination 10.42.0.99:80`,
    ),
    found: [
      [
        'ports',
        'warning',
        /rules lead the host port tcp-9090 to container ghost \(network net\), of which no namespace is left/,
      ],
    ],
  },
  'a link of nobody': {
    plant: sh('ip link add vethghost type veth peer name ghost; ip link set vethghost alias cni-ts:net/ghost/eth0'),
    found: [['links', 'warning', /vethghost was made for container ghost \(eth0, network net\), which has no record/]],
  },
  'rules of nobody': {
    plant: sh(
      `iptables -t nat -N ${GHOST}; iptables -t nat -A POSTROUTING -s 10.42.0.99/32 -j ${GHOST} ` +
        `-m comment --comment 'name: "net" id: "ghost"'`,
    ),
    found: [['rules', 'warning', new RegExp(`iptables’ chain ${GHOST} is of container ghost \\(network net\\)`)]],
  },
  'rules that were flushed': {
    plant: sh('iptables -t nat -F'),
    found: [
      ['rules', 'error', /container c1 \(eth0, network net\) has lost its masquerade rules/],
      ['rules', 'error', /container c1 \(eth0, network net\) has lost its host port rules/],
      ['rules', 'error', /container c2 \(eth0, network net\) has lost its masquerade rules/],
      ['rules', 'error', /container c2 \(eth0, network net\) has lost its host port rules/],
    ],
    isMended: true,
  },
  'the rule for 127.0.0.0/8 was flushed': {
    plant: sh('iptables -t raw -F'),
    found: [['rules', 'error', /the rule of iptables that drops what links bring for 127\.0\.0\.0\/8 is gone/]],
    isMended: true,
  },
  'a name without namespace': {
    plant: ({ write }) => write('/run/netns/cni-stale', ''),
    found: [['namespaces', 'warning', /\/run\/netns\/cni-stale is no network namespace/]],
  },
  'systemd-networkd': {
    plant: ({ write }) => write('/etc/systemd/network/10-all.network', '[Match]\nName=*\n[Network]\nDHCP=yes\n'),
    found: [['managers', 'warning', /10-all\.network is for links called veth\*/]],
  },
  udev: {
    plant: ({ write }) =>
      write('/etc/systemd/network/10-mac.link', '[Match]\nOriginalName=cni*\n[Link]\nMACAddressPolicy=random\n'),
    found: [['managers', 'warning', /10-mac\.link is for links called cni0/]],
  },
  NetworkManager: {
    plant: ({ write }) => write('/etc/NetworkManager/NetworkManager.conf', '[main]\nplugins=keyfile\n'),
    found: [['managers', 'note', /NetworkManager is configured on this node, and not told to leave cni0 alone/]],
  },
};
