import { array, boolean, int, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

/** Schema of sbr's configuration. */
export const sbrSchema = object({
  table: describe(optional(int()), {
    text: 'the table that packets from the interface’s addresses take; its routes are somebody else’s',
    fallback: 'a free one from 100 on for each address, with the interface’s routes',
  }),
  gateways: describe(optional(array(string())), {
    text: 'at most one gateway of each family, instead of those of the previous result',
    fallback: 'those of the previous result',
  }),
  addSourceHints: describe(optional(boolean()), {
    text: 'whether networks of the interface stay in the main table, with its address as source',
    fallback: 'false',
  }),
});

/** sbr's configuration. */
export type SbrConf = output<typeof sbrSchema>;
