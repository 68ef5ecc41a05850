/** The family of sockets for whole frames. */
export const AF_PACKET = 17;
const ADDRESS_BYTES = 20;

/** A `sockaddr_ll` of the link with an index, for one protocol or, with 0, none. */
export function linkAddress(index: number, protocol = 0): Uint8Array {
  const address = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, protocol);
  view.setInt32(4, index, true);
  return address;
}
