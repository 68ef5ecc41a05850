import { attachmentInAlias, isOwnAlias } from '../../../pkg/attach/identity.ts';
import { isSameAttachment } from '../../../pkg/types/attachment.ts';
import type { Check } from '../check.ts';

/** Links that this suite made and nobody knows any more. */
export const links: Check = {
  name: 'links',
  run({ links: all, records }) {
    return all.flatMap(({ ifname, ifalias }) => {
      const name = isOwnAlias(ifalias) ? attachmentInAlias(ifalias) : undefined;
      if (name === undefined) return [];
      const { network, containerId, ifName } = name;
      if (records.some(({ record }) => isSameAttachment(record, name))) return [];
      return [
        {
          severity: 'warning',
          found: `${ifname} was made for container ${containerId} (${ifName}, network ${network}), which has no record`,
          means: 'either its record is lost, or an ADD was killed and nobody called DEL',
          mend: `if there is no such container any more: ip link del ${ifname}`,
        },
      ];
    });
  },
};
