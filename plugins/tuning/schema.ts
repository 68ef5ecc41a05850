import { boolean, int, object, optional, type output, record, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

const tuned = {
  sysctl: describe(optional(record(string(), string())), {
    text: 'settings below net. of the container; IFNAME in a key stands for its interface',
  }),
  mac: describe(optional(string()), { text: 'MAC of the container’s interface' }),
  promisc: describe(optional(boolean()), { text: 'whether the interface is promiscuous', fallback: 'false' }),
  mtu: describe(optional(int()), { text: 'MTU of the interface', fallback: '0, as it is' }),
  txQLen: describe(optional(int()), { text: 'length of its transmit queue', fallback: 'as it is' }),
  allmulti: describe(optional(boolean()), { text: 'whether it takes all multicast', fallback: 'as it is' }),
};

/** Schema of tuning's configuration. */
export const tuningSchema = object({
  dataDir: describe(optional(string()), {
    text: 'where the former settings of the interface are kept until DEL',
    fallback: '/run/cni/tuning',
  }),
  ...tuned,
  args: optional(object({ cni: optional(object(tuned)) })),
  runtimeConfig: optional(
    object({ mac: describe(optional(string()), { text: 'MAC of the interface that the runtime asks for' }) }),
  ),
});

/** tuning's configuration. */
export type TuningConf = output<typeof tuningSchema>;
