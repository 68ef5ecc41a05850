import { array, boolean, int, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

const mapping = object({
  hostPort: describe(optional(int()), { text: 'port of the host' }),
  containerPort: describe(optional(int()), { text: 'port of the container' }),
  protocol: describe(optional(string()), { text: 'tcp, udp, sctp, udplite or dccp' }),
  hostIP: describe(optional(string()), { text: 'the address of the host that counts', fallback: 'all addresses' }),
});

const conditions = (family: string) =>
  describe(optional(array(string())), {
    text: `words that ${family} packets have to match besides, as the backend writes them`,
    fallback: 'none',
  });

/** Schema of portmap's configuration. */
export const portmapSchema = object({
  backend: describe(optional(string()), {
    text: 'what maps the ports: "iptables" or "nftables"',
    fallback: 'iptables where it works, else nftables',
  }),
  snat: describe(optional(boolean()), {
    text: 'whether containers and the host itself reach a mapped port through the host too',
    fallback: 'true',
  }),
  masqAll: describe(optional(boolean()), {
    text: 'whether the container sees every caller with an address of the host',
    fallback: 'false',
  }),
  markMasqBit: describe(optional(int()), {
    text: 'bit of the packet mark that iptables uses for what is to be masqueraded, 0 to 31',
    fallback: '13',
  }),
  externalSetMarkChain: describe(optional(string()), {
    text: 'iptables chain of somebody else that marks packets for masquerading; not together with markMasqBit',
  }),
  conditionsV4: conditions('IPv4'),
  conditionsV6: conditions('IPv6'),
  conflicts: describe(optional(string()), {
    text: 'what happens when a living container has the port already: "refuse" or "allow"',
    fallback: 'refuse',
  }),
  runtimeConfig: optional(
    object({
      portMappings: describe(optional(array(mapping)), { text: 'the mappings that the runtime asks for' }),
    }),
  ),
});

/** portmap's configuration. */
export type PortmapConf = output<typeof portmapSchema>;
