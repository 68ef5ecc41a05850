import type { ShownLink } from '../../../pkg/attach/links.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import { uplinksIn } from '../../show/look.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { Node } from '../node.ts';

/** Plugins that give a container's link an MTU whatever the uplink has. */
const SETTING: readonly string[] = ['bridge', 'ptp', 'tap', 'tuning'];

/** Whether containers may send larger packets than the uplink takes. */
export const mtu: Check = {
  name: 'mtu',
  async run(node) {
    const [uplink] = (await uplinksIn(node.links)).toSorted((a, b) => b.mtu - a.mtu);
    return uplink === undefined ? [] : [...configured(node, uplink), ...present(node, uplink)];
  },
};

function configured({ configurations }: Node, uplink: ShownLink): readonly Diagnosis[] {
  return configurations.documents.flatMap(({ file, isList, entries }) =>
    entries.flatMap(({ type, raw }, index) => {
      const { mtu: own } = SETTING.includes(type) ? readFields(raw, '', ['mtu']) : {};
      if (typeof own !== 'number' || own <= uplink.mtu) return [];
      return [
        tooLarge(
          `${isList ? `plugins[${index}].mtu` : 'mtu'} of ${file} is ${own}`,
          uplink,
          `at most ${uplink.mtu} in ${file}`,
        ),
      ];
    }),
  );
}

/** A bridge has the smallest of its ports', unless somebody has set it. */
function present({ networks, links, configurations }: Node, uplink: ShownLink): readonly Diagnosis[] {
  const isSet = configurations.documents.some(({ entries }) =>
    entries.some(({ type, raw }) => type === 'bridge' && 'mtu' in raw),
  );
  const bridges = new Set(isSet ? [] : networks.map(({ bridge }) => bridge));
  return links.flatMap((link) => {
    if (!bridges.has(link.ifname) || link.mtu <= uplink.mtu) return [];
    return [
      tooLarge(
        `the bridge ${link.ifname} has an MTU of ${link.mtu}`,
        uplink,
        `"mtu": ${uplink.mtu} in the list, for new containers`,
      ),
    ];
  });
}

function tooLarge(what: string, { ifname, mtu: most }: ShownLink, mend: string): Diagnosis {
  return {
    severity: 'warning',
    found: `${what}, and the uplink ${ifname} has ${most}`,
    means: 'what containers send to others is cut up or dropped on the way out; connections hang where nobody is told',
    mend,
  };
}
