import { IFA, IFADDR_BYTES } from '../../../pkg/rtnl/address/message.ts';
import { BRIDGE, IFLA, INFO, IPVLAN, linkHeader, MACVLAN, VLAN, VRF } from '../../../pkg/rtnl/link/message.ts';
import { type Attribute, nested, textBytes, u16, u32 } from '../../../pkg/rtnl/message.ts';
import { RTA, RTAX, RTMSG_BYTES } from '../../../pkg/rtnl/route/message.ts';
import { MIRRED, PARENT, TBF, TC, TCA, TCMSG_BYTES, U32 } from '../../../pkg/rtnl/tc/message.ts';
import { acknowledgement, DONE, said, told } from './kernel.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);

function link(index: number, name: string, more: readonly Attribute[]): Uint8Array {
  return told(16, linkHeader(index, 0x1_1043), [
    [IFLA.ifname, textBytes(name)],
    [IFLA.mtu, u32(1500)],
    [IFLA.txqlen, u32(1000)],
    [IFLA.operstate, Uint8Array.of(6)],
    [IFLA.address, MAC],
    ...more,
  ]);
}

function kind(name: string, data: readonly Attribute[], more: readonly Attribute[] = []): Attribute {
  return [IFLA.linkinfo, nested([[INFO.kind, textBytes(name)], [INFO.data, nested(data)], ...more])];
}

const PORT: readonly Attribute[] = [
  [INFO.slaveKind, textBytes('bridge')],
  [
    INFO.slaveData,
    nested([
      [BRIDGE.portState, Uint8Array.of(3)],
      [BRIDGE.portMode, Uint8Array.of(1)],
      [BRIDGE.portIsolated, Uint8Array.of(1)],
    ]),
  ],
];
const SPOKEN: Attribute = [
  IFLA.afSpec,
  nested([
    [
      10,
      nested([
        [1, u32(0x8000_0010)],
        [8, Uint8Array.of(0)],
      ]),
    ],
  ]),
];

const ALL_LINKS: readonly Uint8Array[] = [
  link(1, 'lo', [[IFLA.promiscuity, u32(0)]]),
  link(3, 'eth0', [
    [IFLA.master, u32(7)],
    [IFLA.link, u32(2)],
    [IFLA.linkNetnsid, u32(0)],
    [IFLA.ifalias, textBytes('ens5')],
    [IFLA.permAddress, Uint8Array.of(2, 0, 0, 0, 0, 9)],
    [IFLA.parentName, textBytes('0000:00:05.0')],
    [IFLA.parentBus, textBytes('pci')],
    SPOKEN,
    kind('veth', [], PORT),
  ]),
  link(4, 'vlan5', [[IFLA.link, u32(3)], kind('vlan', [[VLAN.id, u16(5)]])]),
  link(5, 'mv0', [[IFLA.link, u32(0)], kind('macvlan', [[MACVLAN.mode, u32(4)]])]),
  link(6, 'iv0', [kind('ipvlan', [[IPVLAN.mode, u16(1)]])]),
  link(7, 'cni0', [kind('bridge', [[BRIDGE.vlanFiltering, Uint8Array.of(1)]])]),
  link(8, 'blue', [kind('vrf', [[VRF.table, u32(100)]])]),
];

/** Links of every kind, in one datagram and in several. */
export const LINKS: readonly [Uint8Array, ...Uint8Array[]] = [
  said([...ALL_LINKS, DONE]),
  said(...ALL_LINKS.map((one) => [one]), [DONE]),
  ...ALL_LINKS.map((one) => said([one], [DONE])),
];

/** What a socket hears besides parts of a dump. */
export const ANSWERS: readonly [Uint8Array, ...Uint8Array[]] = [
  said([acknowledgement()]),
  said([...ALL_LINKS.slice(0, 2)], [told(3, Uint8Array.of(0, 0, 0, 0), [[1, textBytes('all is well')]], 0x202)]),
  said([told(16, linkHeader(3), [[IFLA.ifname, textBytes('eth0')]], 0)]),
];

function address(family: number, attributes: readonly Attribute[]): Uint8Array {
  const header = new Uint8Array(IFADDR_BYTES);
  header.set([family, family === 2 ? 24 : 64, 0x80, 0, 3]);
  return told(20, header, attributes);
}

const ALL_ADDRESSES = [
  address(2, [
    [IFA.address, Uint8Array.of(10, 1, 0, 2)],
    [IFA.local, Uint8Array.of(10, 1, 0, 2)],
    [IFA.broadcast, Uint8Array.of(10, 1, 0, 255)],
    [IFA.label, textBytes('eth0')],
    [IFA.flags, u32(0x80)],
  ]),
  address(10, [
    [IFA.address, new Uint8Array(16).fill(0xfd)],
    [IFA.flags, u32(0x24a)],
    [IFA.lifetimes, new Uint8Array(16).fill(7)],
  ]),
];

/** The addresses of a link, behind the link itself. */
export const ADDRESSES: readonly [Uint8Array, ...Uint8Array[]] = [
  said([told(16, linkHeader(3), [[IFLA.ifname, textBytes('eth0')]], 0)], [...ALL_ADDRESSES, DONE]),
  said([told(16, linkHeader(3), [], 0)], ...ALL_ADDRESSES.map((one) => [one]), [DONE]),
];

function route(family: number, bytes: readonly number[], attributes: readonly Attribute[]): Uint8Array {
  const header = new Uint8Array(RTMSG_BYTES);
  header.set([family, ...bytes]);
  return told(24, header, attributes);
}

const ALL_ROUTES = [
  route(
    2,
    [0, 0, 0, 254, 3, 0, 1],
    [
      [RTA.table, u32(254)],
      [RTA.gateway, Uint8Array.of(10, 1, 0, 1)],
      [RTA.oif, u32(3)],
      [RTA.priority, u32(100)],
      [
        RTA.metrics,
        nested([
          [RTAX.mtu, u32(1400)],
          [RTAX.advmss, u32(1360)],
        ]),
      ],
    ],
  ),
  route(
    2,
    [24, 0, 0, 254, 2, 253, 1, 4],
    [
      [RTA.dst, Uint8Array.of(10, 1, 0, 0)],
      [RTA.prefsrc, Uint8Array.of(10, 1, 0, 2)],
      [RTA.via, Uint8Array.of(10, 0, ...new Uint8Array(16).fill(0xfe))],
      [RTA.oif, u32(3)],
    ],
  ),
  route(
    2,
    [32, 0, 0, 255, 2, 254, 2],
    [
      [RTA.dst, Uint8Array.of(10, 1, 0, 2)],
      [RTA.table, u32(1000)],
    ],
  ),
  route(10, [64, 0, 0, 254, 9, 0, 6], [[RTA.dst, new Uint8Array(16).fill(0xfd)]]),
];

/** Routes of both families. */
export const ROUTES: readonly [Uint8Array, ...Uint8Array[]] = [
  said([...ALL_ROUTES, DONE]),
  ...ALL_ROUTES.map((one) => said([one], [DONE])),
];

/** Rules that lead to tables. */
export const RULES: readonly [Uint8Array, ...Uint8Array[]] = [
  said([
    told(32, Uint8Array.of(2, 0, 24, 0, 100, 0, 0, 1, 0, 0, 0, 0), [
      [2, Uint8Array.of(10, 1, 0, 0)],
      [1, Uint8Array.of(10, 2, 0, 1)],
      [3, textBytes('eth0')],
      [17, textBytes('eth1')],
      [6, u32(32_000)],
      [10, u32(0x2000)],
      [15, u32(1000)],
    ]),
    told(32, Uint8Array.of(2, 0, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0), []),
    DONE,
  ]),
];

function queue(type: number, parent: number, name: string, options: readonly Attribute[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(TCMSG_BYTES));
  header.setInt32(4, 3, true);
  header.setUint32(8, 0x1_0000, true);
  header.setUint32(12, parent, true);
  return told(type, new Uint8Array(header.buffer), [
    [TCA.kind, textBytes(name)],
    [TCA.options, nested(options)],
  ]);
}

const BUCKET = queue(TC.qdiscAdd, PARENT.root, 'tbf', [
  [TBF.parameters, new Uint8Array(TBF.bytes).fill(3)],
  [TBF.rate64, new Uint8Array(8).fill(1)],
]);

function redirection(): Uint8Array {
  const parameters = new Uint8Array(MIRRED.bytes);
  parameters[MIRRED.directionAt] = MIRRED.egressRedirect;
  parameters[MIRRED.ifindexAt] = 3;
  const action: readonly Attribute[] = [
    [MIRRED.kind, textBytes('mirred')],
    [MIRRED.options, nested([[MIRRED.parameters, parameters]])],
  ];
  return queue(TC.filterAdd, PARENT.ingress, 'u32', [[U32.actions, nested([[1, nested(action)]])]]);
}

/** Queues of a link, and filters of what comes in. */
export const QUEUES: readonly [Uint8Array, ...Uint8Array[]] = [
  said([BUCKET, queue(TC.qdiscAdd, PARENT.ingress, 'ingress', []), DONE]),
  said([redirection(), queue(TC.filterAdd, PARENT.ingress, 'u32', []), DONE]),
];

/** A bridge's ports with their VLANs; the question for the index has the same answer. */
export const VLANS: readonly [Uint8Array, ...Uint8Array[]] = [
  said([
    told(16, linkHeader(3), [
      [IFLA.ifname, textBytes('if3')],
      [
        IFLA.afSpec,
        nested([
          [1, u16(0)],
          [2, Uint8Array.of(6, 0, 100, 0)],
          [2, Uint8Array.of(8, 0, 200, 0)],
          [2, Uint8Array.of(16, 0, 202, 0)],
        ]),
      ],
    ]),
    DONE,
  ]),
];

/** The multicast groups of a link. */
export const GROUPS: readonly [Uint8Array, ...Uint8Array[]] = [
  said([told(58, Uint8Array.of(10, 0, 0, 0, ...u32(3)), [[7, new Uint8Array(16).fill(0xff)]]), DONE]),
];
