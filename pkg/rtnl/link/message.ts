import type { Attribute } from '../message.ts';

/** Length of the header that messages about links have, `struct ifinfomsg`. */
export const IFINFO_BYTES = 16;

/** Messages about links. */
export const LINK = { add: 16, del: 17, get: 18 } as const;

/** Attributes of links, `IFLA_…`. */
export const IFLA = {
  address: 1,
  ifname: 3,
  mtu: 4,
  link: 5,
  master: 10,
  txqlen: 13,
  operstate: 16,
  linkinfo: 18,
  ifalias: 20,
  afSpec: 26,
  netNsFd: 28,
  extMask: 29,
  promiscuity: 30,
  linkNetnsid: 37,
  permAddress: 54,
  parentName: 56,
  parentBus: 57,
} as const;

/** Attributes inside `IFLA_LINKINFO`. */
export const INFO = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const;

/** Attributes of a bridge, and of one of its ports. */
export const BRIDGE = { vlanFiltering: 7, portState: 1, portMode: 4, portIsolated: 33 } as const;

/** Attributes of a macvlan. */
export const MACVLAN = { mode: 1, queue: 7 } as const;
/** Modes of a macvlan by their names. */
export const MACVLAN_MODES: Readonly<Record<string, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8 };

/** Attributes of an ipvlan. */
export const IPVLAN = { mode: 1, flags: 2 } as const;
/** Modes of an ipvlan, each where its number says. */
export const IPVLAN_MODES: readonly string[] = ['l2', 'l3', 'l3s'];

/** Attributes of a VLAN. */
export const VLAN = { id: 1 } as const;

/** Attributes of a VRF. */
export const VRF = { table: 1 } as const;

/** The flags of a link that commands set. */
export const IFF = { up: 0x1, promisc: 0x100, allmulti: 0x200 } as const;

/** The header of a message about a link: its index where it is known, and which flags become what. */
export function linkHeader(index: number, flags = 0, change = 0): Uint8Array {
  const header = new DataView(new ArrayBuffer(IFINFO_BYTES));
  header.setInt32(4, index, true);
  header.setUint32(8, flags, true);
  header.setUint32(12, change, true);
  return new Uint8Array(header.buffer);
}

/** A text as `ip` sends those that the kernel takes by their length: without a NUL. */
export function plainText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Statistics are most of an answer and nobody here looks at them. */
export const WITHOUT_STATISTICS: Attribute = [IFLA.extMask, Uint8Array.of(8, 0, 0, 0)];
