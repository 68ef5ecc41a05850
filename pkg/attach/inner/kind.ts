import type { IpPart } from '../../ip/command.ts';
import type { Call } from '../../skel/plugin.ts';
import type { Dns } from '../../types/result.ts';
import type { ShownLink } from '../links.ts';

/** What is wanted of a link that stands in a container, on top of another one. */
export interface InnerSettings {
  /** The link below; '' for that of the default route. */
  readonly master: string;
  /** Whether the link below is in the container as well. */
  readonly linkInContainer: boolean;
  /** 0: that of the link below. */
  readonly mtu: number;
  /** `undefined`: the kernel's choice. */
  readonly mac: string | undefined;
  /** How the link is made: `type macvlan mode bridge`. */
  readonly type: IpPart;
  /** The result's; that of the IPAM plugin does not count. */
  readonly dns: Dns | undefined;
  /** The IPAM plugin; '' when there is none. */
  readonly ipam: string;
}

/** A plugin whose one link is in the container; its name is the kernel's word for the kind. */
export interface InnerKind<Conf> {
  readonly name: string;
  settingsOf(call: Call<Conf>): InnerSettings;
  /** What of the kind's own settings is not as wanted, one line each. */
  differences(link: ShownLink, call: Call<Conf>): readonly string[];
}
