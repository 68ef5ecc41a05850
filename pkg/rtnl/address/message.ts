/** Length of the header that messages about addresses have, `struct ifaddrmsg`. */
export const IFADDR_BYTES = 8;

/** Attributes of addresses, `IFA_…`. */
export const IFA = { address: 1, local: 2, label: 3, broadcast: 4, lifetimes: 6, flags: 8 } as const;

/** The flags of an address that are set or shown. */
export const IFA_FLAG = { nodad: 0x2, dadfailed: 0x8, tentative: 0x40, permanent: 0x80, noprefixroute: 0x200 } as const;

/** Names of the scopes that addresses and routes have. */
export const SCOPES: Readonly<Record<number, string>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
  255: 'nowhere',
};
