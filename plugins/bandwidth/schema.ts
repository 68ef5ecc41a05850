import { int, object, optional, type output } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

const limits = {
  ingressRate: describe(optional(int()), {
    text: 'bits a second to the container',
    fallback: '0, as many as there are',
  }),
  ingressBurst: describe(optional(int()), { text: 'bits that may come to it at once after a pause', fallback: '0' }),
  egressRate: describe(optional(int()), {
    text: 'bits a second from the container',
    fallback: '0, as many as there are',
  }),
  egressBurst: describe(optional(int()), { text: 'bits that may come from it at once after a pause', fallback: '0' }),
};

/** Schema of bandwidth's configuration. */
export const bandwidthSchema = object({
  ...limits,
  burstMs: describe(optional(int()), {
    text: 'the longest time that a burst may stand for, in milliseconds at the rate; also the burst where none is given',
    fallback: 'bursts are as they are given',
  }),
  latencyMs: describe(optional(int()), {
    text: 'how long a packet may wait for its turn, in milliseconds, before it is dropped',
    fallback: '25',
  }),
  runtimeConfig: optional(
    object({
      bandwidth: describe(optional(object(limits)), {
        text: 'the rates that the runtime asks for; they count when the configuration has none',
      }),
    }),
  ),
});

/** bandwidth's configuration. */
export type BandwidthConf = output<typeof bandwidthSchema>;
