import { validateInterfaceName } from '../../../pkg/skel/environment.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import { CniError } from '../../../pkg/types/error.ts';
import type { LintDocument } from '../document.ts';
import type { Problems } from '../finding.ts';

const LEAST_MTU = 68;
const LEAST_MTU_OF_IPV6 = 1280;
const LARGEST_MTU = 65_535;

/** Names of bridges that the kernel would refuse, and MTUs that nothing gets through. */
export function checkLinks({ entries }: LintDocument, problems: Problems): void {
  for (const { type, path, raw, ipam } of entries) {
    if (type !== 'bridge') continue;
    const { bridge, mtu } = readFields(raw, '', ['bridge', 'mtu']);
    if (typeof bridge === 'string' && bridge !== '') checkName(bridge, [...path, 'bridge'], problems);
    if (typeof mtu !== 'number' || mtu === 0) continue;
    const at = [...path, 'mtu'];
    if (mtu > 0 && mtu < LEAST_MTU) {
      problems.error(
        at,
        `the kernel takes no MTU of ${mtu}`,
        `at least ${LEAST_MTU}; without the key it is the kernel's`,
      );
    } else if (mtu > LARGEST_MTU) problems.error(at, `the kernel takes no MTU of ${mtu}`, `at most ${LARGEST_MTU}`);
    else if (mtu < LEAST_MTU_OF_IPV6 && /"[0-9a-f]*:[0-9a-f:]*\//i.test(JSON.stringify(ipam ?? {}))) {
      const help = `at least ${LEAST_MTU_OF_IPV6}, or no IPv6 range`;
      problems.error(at, `there is no IPv6 on a link with an MTU of ${mtu}`, help);
    }
  }
}

function checkName(name: string, path: readonly (string | number)[], problems: Problems): void {
  try {
    validateInterfaceName(name);
  } catch (thrown) {
    if (!(thrown instanceof CniError)) throw thrown;
    problems.error(
      path,
      `"${name}" cannot be a bridge: ${thrown.message}`,
      'at most 15 bytes, without "/", ":" and spaces',
    );
  }
}
