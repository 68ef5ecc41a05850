/** What of a plugin's work fails. */
export type FaultKind =
  | 'refused'
  | 'send'
  | 'receive'
  | 'socket'
  | 'enter'
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'lock'
  | 'rename'
  | 'remove'
  | 'make'
  | 'setting';

/** The errors that each can end in. */
export const ERRORS: Readonly<Record<FaultKind, readonly string[]>> = {
  /** The kernel's answer to a request over netlink, which it then has not carried out. */
  refused: [
    'EBUSY',
    'ENOMEM',
    'EEXIST',
    'ENODEV',
    'EPERM',
    'ENOBUFS',
    'EINTR',
    'EAGAIN',
    'EINVAL',
    'EOPNOTSUPP',
    'ENOENT',
  ],
  /** The request does not get as far as the kernel. */
  send: ['ENOBUFS', 'ENOMEM', 'EPERM', 'EINTR', 'EAGAIN'],
  /** The kernel has carried it out, and its answer is lost. */
  receive: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EAGAIN'],
  socket: ['EMFILE', 'ENOMEM', 'EPERM', 'EPROTONOSUPPORT'],
  enter: ['EPERM', 'ENOMEM', 'EINVAL'],
  open: ['ENOSPC', 'EROFS', 'EIO', 'EACCES', 'EMFILE', 'EINTR'],
  read: ['EIO', 'EINTR', 'ENOMEM'],
  write: ['ENOSPC', 'EIO', 'EROFS', 'EINTR'],
  sync: ['EIO', 'ENOSPC', 'EINTR'],
  lock: ['EINTR', 'EAGAIN', 'ENOLCK', 'EIO'],
  rename: ['ENOSPC', 'EIO', 'EROFS', 'EACCES'],
  remove: ['EIO', 'EROFS', 'EACCES', 'EBUSY'],
  make: ['ENOSPC', 'EROFS', 'EACCES', 'EIO'],
  setting: ['EACCES', 'EPERM', 'EINVAL', 'EIO', 'EINTR'],
};
