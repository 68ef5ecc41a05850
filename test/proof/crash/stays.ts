/** Lines of a snapshot that do not count: they only say what was done last, or come from the kernel when it likes. */
export const IGNORED: readonly RegExp[] = [
  // Which address was given last, and when our index was last known to be whole.
  /^file \/var\/lib\/cni\/networks\/[\w-]+\/last_reserved_ip\.\d+ /,
  /^file \/var\/lib\/cni\/networks\/\.cni-ts\/[\w-]+\/\.state /,
  /fe80:|ff00::/,
];

/** The bridge that the first call makes: its MAC is another one each time. */
export const FIRST_BRIDGE = /^host (?:(?:link|address) cni0 |(?:route-[46]|qdisc) .*"dev":"cni0")/;

/** What a store of leases keeps when nobody has one. */
export const EMPTY_STORE: readonly RegExp[] = [
  ...IGNORED,
  /^file \/var\/lib\/cni\/networks(?:\/[\w-]+|\/\.cni-ts(?:\/[\w-]+)?)? folder/,
  /^file \/var\/lib\/cni\/networks\/[\w-]+\/lock /,
  /^file \/var\/lib\/cni\/flannel folder/,
  /^file \/run\/cni-ts(?:\/attachments(?:\/\.(?:ports|firewall))?)? folder/,
];
