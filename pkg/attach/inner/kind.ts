import type { IpPart } from '../../ip/command.ts';
import type { AttachmentCall, Call } from '../../skel/plugin.ts';
import type { ErrnoName } from '../../sys/errno.ts';
import type { Dns, Result } from '../../types/result.ts';
import type { ShownLink } from '../links.ts';

/** What a link stands on. */
export interface Below {
  /** The link below; '' for that of the default route, `undefined` where only ADD can know it. */
  readonly master: string | undefined;
  /** Whether it is in the container as well. */
  readonly inContainer: boolean;
}

/** What is wanted of a link that stands in a container. */
export interface InnerSettings {
  /** `undefined`: it stands on nothing. */
  readonly below: Below | undefined;
  /** 0: that of the link below, or the kernel's choice. */
  readonly mtu: number;
  /** `undefined`: the kernel's choice. */
  readonly mac: string | undefined;
  /** How the link is made: `type macvlan mode bridge`. */
  readonly type: IpPart;
  /** The result's; that of the IPAM plugin does not count, but where it is wanted. */
  readonly dns: Dns | 'ipam' | undefined;
  /** The IPAM plugin; '' when there is none. */
  readonly ipam: string;
  /** What an earlier plugin of the list gave, where the link is to have its addresses. */
  readonly given?: Result | undefined;
}

/** What is always so with links of a kind. */
export interface InnerTraits {
  /** The plugin's name, which is the kernel's word for the kind. */
  readonly name: string;
  /** Whether it has the MAC of the link below. */
  readonly sharesMac?: true;
  /** Whether its MTU may be larger than that of the link below. */
  readonly mayBeLarger?: true;
  /** Whether the neighbours are told who has its addresses now. */
  readonly announces?: true;
  /** Whether the kernel changes all on the same link below when one is made in another way. */
  readonly isAsLast?: true;
  /** What the kernel means when it refuses one for the sake of others on the same link below. */
  readonly meanings?: Readonly<Partial<Record<ErrnoName, string>>>;
}

/** A call of any verb; there is a previous result only where it is about an attachment. */
export type InnerCall<Conf> = Call<Conf> & Partial<Pick<AttachmentCall<Conf>, 'prevResult'>>;

/** A plugin whose one link is in the container. */
export interface InnerKind<Conf> extends InnerTraits {
  settingsOf(call: InnerCall<Conf>): InnerSettings;
  /** What of the kind's own settings is not as wanted, one line each. */
  differences(link: ShownLink, call: Call<Conf>): readonly string[];
}
