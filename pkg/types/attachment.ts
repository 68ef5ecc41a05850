/** What CNI calls an attachment: one interface of one container in one network. */
export interface Attachment {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

/** What is the same in whichever network an interface is. */
export type ContainerInterface = Pick<Attachment, 'containerId' | 'ifName'>;

/** The names alone: what is spread or written down must not have all that a call or a record says besides. */
export function attachmentOf({ network, containerId, ifName }: Attachment): Attachment {
  return { network, containerId, ifName };
}

/** An attachment's names as one text; none of them has the separator. */
export function attachmentKey({ network, containerId, ifName }: Attachment): string {
  return `${network}/${containerId}/${ifName}`;
}

/** Whether both are the same interface of the same container. */
export function isSameInterface(one: ContainerInterface, other: ContainerInterface): boolean {
  return one.containerId === other.containerId && one.ifName === other.ifName;
}

/** Whether both are the same attachment. */
export function isSameAttachment(one: Attachment, other: Attachment): boolean {
  return isSameInterface(one, other) && one.network === other.network;
}
