import { object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

/** Schema of firewall's configuration. */
export const firewallSchema = object({
  backend: describe(optional(string()), {
    text: 'what lets packets through: "firewalld", "iptables" or "nftables"',
    fallback: 'firewalld where it runs, else iptables, else nftables',
  }),
  iptablesAdminChainName: describe(optional(string()), {
    text: 'chain for the administrator’s own rules, which come first',
    fallback: 'CNI-ADMIN',
  }),
  firewalldZone: describe(optional(string()), { text: 'firewalld’s zone of the addresses', fallback: 'trusted' }),
  ingressPolicy: describe(optional(string()), {
    text: 'who may reach the containers: "open", "same-bridge" or "isolated"',
    fallback: 'open',
  }),
});

/** firewall's configuration. */
export type FirewallConf = output<typeof firewallSchema>;
