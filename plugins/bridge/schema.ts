import { array, boolean, int, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema } from '../../pkg/ipam/schema.ts';

const flag = (text: string) => describe(optional(boolean()), { text, fallback: 'false' });

const trunk = object({
  id: describe(optional(int()), { text: 'one VLAN' }),
  minID: describe(optional(int()), { text: 'first VLAN of a range' }),
  maxID: describe(optional(int()), { text: 'last VLAN of a range' }),
});

/** Schema of bridge's configuration. */
export const bridgeSchema = object({
  bridge: describe(optional(string()), { text: 'the bridge, made when it is missing', fallback: 'cni0' }),
  isGateway: flag('whether the bridge gets the address that is the containers’ gateway'),
  isDefaultGateway: flag('whether it also becomes the containers’ default route; implies isGateway'),
  forceAddress: flag('whether another address on the bridge is replaced'),
  ipMasq: flag('whether the containers appear to the outside with an address of the host'),
  ipMasqBackend: describe(optional(string()), {
    text: 'what masquerades: "iptables" or "nftables"',
    fallback: 'iptables where it works, else nftables',
  }),
  mtu: describe(optional(int()), {
    text: 'MTU of a new bridge and of both ends of the pair',
    fallback: '0, the kernel’s',
  }),
  hairpinMode: flag('whether a container can reach itself through the bridge'),
  promiscMode: flag('whether the bridge is promiscuous; not together with hairpinMode'),
  vlan: describe(optional(int()), { text: 'VLAN of the container’s port', fallback: '0, none' }),
  vlanTrunk: describe(optional(array(trunk)), { text: 'VLANs that pass the container’s port tagged' }),
  preserveDefaultVlan: flag('whether the port also stays in the bridge’s default VLAN'),
  macspoofchk: flag('whether frames with another source address than the container’s are dropped'),
  enabledad: flag('whether the kernel looks for duplicates of IPv6 addresses, which takes a second'),
  disableContainerInterface: flag('whether the container’s end stays down; not together with ipam'),
  portIsolation: flag('whether containers cannot reach each other through the bridge'),
  dns: describe(optional(dnsSchema), { text: 'resolver settings, instead of those of the IPAM plugin' }),
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; without a type there is none',
  }),
  args: optional(
    object({ cni: optional(object({ mac: describe(optional(string()), { text: 'MAC of the container’s end' }) })) }),
  ),
  runtimeConfig: optional(
    object({ mac: describe(optional(string()), { text: 'MAC of the container’s end that the runtime asks for' }) }),
  ),
});

/** bridge's configuration. */
export type BridgeConf = output<typeof bridgeSchema>;
