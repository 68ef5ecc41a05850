const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;

/** In the order of `ip`, which is not that of the bits. */
const NAMES: readonly (readonly [bit: number, name: string])[] = [
  [0x8, 'LOOPBACK'],
  [0x2, 'BROADCAST'],
  [0x10, 'POINTOPOINT'],
  [0x1000, 'MULTICAST'],
  [0x80, 'NOARP'],
  [0x200, 'ALLMULTI'],
  [0x100, 'PROMISC'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x1, 'UP'],
  [0x10000, 'LOWER_UP'],
  [0x20000, 'DORMANT'],
  [0x4, 'DEBUG'],
  [0x8000, 'DYNAMIC'],
  [0x4000, 'AUTOMEDIA'],
  [0x2000, 'PORTSEL'],
  [0x20, 'NOTRAILERS'],
  [0x40000, 'ECHO'],
];

/** The names of a link's flags, with the two that `ip` makes up from others. */
export function linkFlags(bits: number, lowerIsDown: boolean): string[] {
  const flags: string[] = [];
  if ((bits & IFF_UP) !== 0 && (bits & IFF_RUNNING) === 0) flags.push('NO-CARRIER');
  for (const [bit, name] of NAMES) if ((bits & bit) !== 0) flags.push(name);
  if (lowerIsDown) flags.push('M-DOWN');
  return flags;
}
