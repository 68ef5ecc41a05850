import { array, boolean, int, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

const provided = object({
  option: describe(optional(string()), { text: 'name or number of an option' }),
  value: describe(optional(string()), { text: 'what it says' }),
  fromArg: describe(optional(string()), { text: 'key of CNI_ARGS that says it instead' }),
});

const requested = object({
  option: describe(optional(string()), { text: 'name or number of an option' }),
  skipDefault: describe(optional(boolean()), {
    text: 'whether the mask and the routers are not asked for besides',
    fallback: 'false',
  }),
});

const ipam = object({
  type: describe(optional(string()), { text: 'dhcp' }),
  daemonSocketPath: describe(optional(string()), {
    text: 'where the daemon listens',
    fallback: '/run/cni/dhcp.sock',
  }),
  provide: describe(optional(array(provided)), { text: 'options that the server is told' }),
  request: describe(optional(array(requested)), { text: 'options that the server is asked for' }),
  priority: describe(optional(int()), { text: 'metric of all routes', fallback: "0, the kernel's" }),
});

/** Schema of dhcp's configuration. */
export const dhcpSchema = object({
  ipam: describe(optional(ipam), { text: 'address management' }),
});

/** dhcp's configuration. */
export type DhcpConf = output<typeof dhcpSchema>;
