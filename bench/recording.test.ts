import { expect, test } from 'vitest';
import { recordingOf } from './recording.ts';

const OWN = '/plugins';

/** A text as strace writes it. */
function hex(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}

/** What is made of lines of the first thread. */
function linesOf(...lines: readonly string[]): readonly string[] {
  return recordingOf([...lines, 'exit_group(0)                     = ?'].map(whole).join('\n'), OWN);
}

/** A dump and a line of another thread stand for themselves. */
function whole(line: string): string {
  return /^(?: \||\d)/.test(line) ? line : `10    ${line}`;
}

test('files are opened, written and moved with what was shown, also where it failed', () => {
  expect(
    linesOf(
      `openat(-100, ${hex('/run/a "b"')}, 0xa0841, 0600) = 9`,
      `write(9, ${hex('1\0 0')}, 4)     = 4`,
      ` | 00000  31 00 20 30                                       1. 0             |`,
      'close(9)                          = 0',
      `rename(${hex('/run/a')}, ${hex('/run/c')}) = 0`,
      `mkdir(${hex('/run')}, 0755)       = -1 EEXIST (File exists)`,
      `utimensat(-100, ${hex('/run')}, [{tv_sec=1, tv_nsec=2} /* 1970-01-01T00:00:01+0000 */, {tv_sec=3, tv_nsec=4}], 0) = 0`,
    ),
  ).toEqual([
    'opens(9, openat(-100, "/run/a \\042b\\042", 0xa0841, 0600));',
    'does(write(9, "1\\000 0", 4));',
    'does(close(9));',
    'does(rename("/run/a", "/run/c"));',
    'fails(EEXIST, mkdir("/run", 0755));',
    'does(utimensat(-100, "/run", (const struct timespec[]){{1, 2}, {3, 4}}, 0));',
  ]);
});

test('what is sent is taken from the dump, and an answer is known by its error', () => {
  expect(
    linesOf(
      'socket(0x10, 0x3|0x80000, 0)      = 8',
      'setsockopt(8, 0x10e, 0xb, [1], 4) = 0',
      'connect(8, {sa_family=0x10, nl_pid=0, nl_groups=00000000}, 12) = 0',
      'sendto(8, [{nlmsg_len=18, nlmsg_type=0x12, nlmsg_flags=0x1, nlmsg_seq=1, nlmsg_pid=0}, ...], 18, 0, NULL, 0) = 18',
      ' | 00000  12 00 00 00 12 00 01 00  01 00 00 00 00 00 00 00  ................ |',
      ' | 00010  65 24                                             e$               |',
      'recvfrom(8, [{nlmsg_len=20, nlmsg_type=0x2}, {error=-19}], 32768, 0x20, NULL, NULL) = 20',
      ' | 00000  14 00 00 00 02 00 00 00  01 00 00 00 00 00 00 00  ................ |',
      ' | 00010  ed ff ff ff                                       ....             |',
      'recvfrom(8, 0x1, 32768, 0x20, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)',
    ),
  ).toEqual([
    'opens(8, socket(0x10, 0x3|0x80000, 0));',
    'does(setsockopt(8, 0x10e, 0xb, &(const int){1}, 4));',
    'does(connect(8, KERNEL, 12));',
    `does(sendto(8, "${'\\022\\000\\000\\000\\022\\000\\001\\000\\001\\000\\000\\000\\000\\000\\000\\000e\\044'}", 18, 0, NULL, 0));`,
    'receives(8, 32768, 0x20, 19);',
  ]);
});

test('a second thread is part of it, in the order of beginnings; a child is one that holds what is open', () => {
  expect(
    linesOf(
      'clone(child_stack=0x1, flags=0x350f00 <unfinished ...>',
      `11    openat(-100, ${hex('/proc/sys')}, 0x80000 <unfinished ...>`,
      '10    <... clone resumed>, parent_tid=[11], child_tidptr=0x2) = 11',
      'setns(4, 0x40000000)              = 0',
      '11    <... openat resumed>)             = 3',
      '11    exit(0)                           = ?',
      'clone(child_stack=0x1, flags=0x100)   = 12',
      '12    close_range(0, 8, 0 <unfinished ...>',
      'close(9)                          = 0',
      '12    <... close_range resumed>)        = 0',
    ),
  ).toEqual([
    'opens(3, openat(-100, "/proc/sys", 0x80000));',
    'does(setns(4, 0x40000000));',
    'does(child());',
    'does(close(9));',
  ]);
});

test('being a process is left out, with the descriptors that are for that', () => {
  expect(
    linesOf(
      `execve(${hex('/plugins/bridge')}, [${hex('bridge')}], 0x7ffd /* 6 vars */) = 0`,
      'mmap(NULL, 65536, 0x3, 0x8022, -1, 0) = 0x7ff515788000',
      `read(0, ${hex('{}')}, 8192)       = 2`,
      'signalfd4(-1, [TERM], 8, 0x80800) = 5',
      `openat(-100, ${hex('/plugins/host-local')}, 0x80900) = 8`,
      `pread64(8, ${hex('ELF')}, 4096, 0) = 3`,
      'close(8)                          = 0',
      `openat(-100, ${hex('/sbin/iptables')}, 0x80900) = 8`,
      `pread64(8, ${hex('ELF')}, 4096, 0) = 3`,
      `write(1, ${hex('{}')}, 2)         = 2`,
    ),
  ).toEqual([
    'opens(8, openat(-100, "/sbin/iptables", 0x80900));',
    'does(pread(8, buffer, 4096, 0));',
    'does(write(1, "{}", 2));',
  ]);
});

test('what cannot be done again is refused', () => {
  expect(() => linesOf('sendmsg(8, {msg_name=NULL}, 0) = 20')).toThrow('a recording cannot have sendmsg(');
  expect(() => linesOf(`execve(${hex('/a')}, [], 0x1) = 0`, `11    execve(${hex('/b')}, [], 0x1) = 0`)).toThrow(
    'the plugin has started a program',
  );
  expect(() => recordingOf('10    close(9) = 0', OWN)).toThrow('strace has not seen the end');
});
