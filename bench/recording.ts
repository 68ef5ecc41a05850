/** One call of the kernel, as strace shows it. */
interface Call {
  readonly pid: string;
  readonly name: string;
  /** All arguments as one text. */
  args: string;
  result: string;
  /** The name of the error, when it failed. */
  error: string | undefined;
  /** What was sent or received. */
  readonly bytes: number[];
}

/** What {@link recordingOf} reads: strace with numbers instead of names, text as bytes, and all bytes that go in and out. */
export const STRACE = [
  ...['strace', '-f', '-xx', '-X', 'raw', '-s', '65536'],
  ...['-e', 'signal=none', '-e', 'read=all', '-e', 'write=all'],
] as const;

/** Being a process, and looking without reading: neither a request nor a file comes of it. */
const LEFT_OUT = new RegExp(
  `^(?:${[
    'execve|arch_prctl|brk|mmap|mprotect|munmap|madvise|prlimit64|rseq|set_tid_address|set_robust_list',
    'rt_sig\\w+|signalfd4|futex|wait4|exit|sched_\\w+|getpid|getrandom|fcntl|poll|ppoll',
    'statx|newfstatat|fstat|statfs|access|faccessat2?|readlink|readlinkat|ioctl',
  ].join('|')})$`,
);

/** Calls that are done with the very arguments that strace shows. */
const AS_SHOWN = /^(?:setns|(?:mkdir|unlink)(?:at)?|rename(?:at2?)?|write|ftruncate|flock|fsync|fdatasync|close)$/;

const OPENING = /^open(?:at)?$/;

const CLONE_THREAD = 0x10000;
const NLMSG_ERROR = 2;

/**
 * What an ADD did to the machine, as lines of C for floor.c, in the order in which it was begun, by whichever thread.
 *
 * @param trace what {@link STRACE} wrote
 * @param own the folder of the plugins, whose files are only looked at to know each other
 */
export function recordingOf(trace: string, own: string): readonly string[] {
  const lines: string[] = [];
  // Stdin, signals and own files are nothing that a replay has.
  const unknown = new Set(['0']);
  for (const call of partOfTheJob(callsOf(trace))) {
    const fd = /^\d+(?=,|$)/.exec(call.args)?.[0];
    if (fd !== undefined && unknown.has(fd)) {
      if (call.name === 'close') unknown.delete(fd);
    } else if (call.name === 'signalfd4' || isOwnFile(call, own)) {
      unknown.add(call.result);
    } else if (!LEFT_OUT.test(call.name) && !(call.name === 'recvfrom' && call.error !== undefined)) {
      lines.push(lineOf(call));
    }
  }
  return lines;
}

/** All calls in the order of their beginnings. */
function callsOf(trace: string): readonly Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, Call>();
  let latest: Call | undefined;
  for (const line of trace.split('\n')) {
    const dumped = /^ \| [0-9a-f]+ {2}((?:[0-9a-f]{2} {1,2}){1,16})/.exec(line)?.[1];
    if (dumped !== undefined) latest?.bytes.push(...Buffer.from(dumped.replaceAll(' ', ''), 'hex'));
    const [, pid = '', name, resumed, text = ''] = /^(\d+) +(?:(\w+)\(|<\.\.\. (\w+) resumed>)(.*)$/.exec(line) ?? [];
    const call =
      name === undefined ? unfinished.get(pid) : { pid, name, args: '', result: '', error: undefined, bytes: [] };
    if (call === undefined || (name ?? resumed) !== call.name) continue;
    if (name !== undefined) calls.push(call);
    const [, args = '', result = '', error] = /^(.*)\) += (\S+)(?: (E[A-Z0-9]+))?/.exec(text) ?? [];
    call.args += result === '' ? text.replace(/ <unfinished \.\.\.>$/, '') : args;
    if (result === '') unfinished.set(pid, call);
    else unfinished.delete(pid);
    Object.assign(call, { result, error });
    latest = call;
  }
  return calls;
}

const isThread = ({ args }: Call) => (Number(/flags=(0x[0-9a-f]+)/.exec(args)?.[1]) & CLONE_THREAD) !== 0;

/** Until the plugin ends: all of its threads, and what children send until then. */
function partOfTheJob(calls: readonly Call[]): readonly Call[] {
  const end = calls.findIndex(({ name }) => name === 'exit_group');
  if (end < 0) throw new Error('strace has not seen the end of the plugin');
  if (calls.filter(({ name }) => name === 'execve').length > 1) throw new Error('the plugin has started a program');
  const job = calls.slice(0, end).filter((call) => call.name !== 'clone' || !isThread(call));
  const children = new Set(job.filter(({ name }) => name === 'clone').map(({ result }) => result));
  return job.filter(({ pid, name }) => !children.has(pid) || name === 'sendto');
}

function isOwnFile({ name, args, error }: Call, own: string): boolean {
  if (!OPENING.test(name) || error !== undefined) return false;
  const path = Buffer.from(/"((?:\\x[0-9a-f]{2})*)"/.exec(args)?.[1]?.replaceAll('\\x', '') ?? '', 'hex').toString();
  return path === '/proc/self/exe' || path.startsWith(`${own}/`);
}

function lineOf(call: Call): string {
  const { name, args, result, error } = call;
  if (name === 'clone') return 'does(child());';
  if (result === '' || result === '?') throw new Error(`${name} has not ended`);
  if (name === 'recvfrom') {
    const [, fd, room, flags] = /^(\d+), .*, (\d+), (\w+), NULL, NULL$/.exec(args) ?? [];
    return `receives(${fd}, ${room}, ${flags}, ${netlinkError(Buffer.from(call.bytes))});`;
  }
  const done = `${name === 'pread64' ? 'pread' : name}(${argumentsOf(call)})`;
  if (error !== undefined) return `fails(${error}, ${done});`;
  return OPENING.test(name) || name === 'socket' ? `opens(${result}, ${done});` : `does(${done});`;
}

/** As C has them. */
function argumentsOf({ name, args, bytes }: Call): string {
  const texts = args.replace(/"((?:\\x[0-9a-f]{2})*)"/g, (_, hex: string) =>
    quoted(Buffer.from(hex.replaceAll('\\x', ''), 'hex')),
  );
  if (AS_SHOWN.test(name) || OPENING.test(name) || name === 'socket') return texts;
  const [pattern, replacement = ''] = REWRITTEN[name]?.find(([shape]) => shape.test(texts)) ?? [];
  if (pattern === undefined) throw new Error(`a recording cannot have ${name}(${texts})`);
  return texts.replace(pattern, replacement).replace('BYTES', () => quoted(Buffer.from(bytes)));
}

const TIME = String.raw`\{tv_sec=(\d+), tv_nsec=(\d+)\}(?: /\*[^*]*\*/)?`;

/** Calls of whose arguments strace makes something else, each with patterns that are all of them. */
const REWRITTEN: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  read: [[/^(\d+), .*, (\d+)$/, '$1, buffer, $2']],
  pread64: [[/^(\d+), .*, (\d+), (\d+)$/, '$1, buffer, $2, $3']],
  sendto: [[/^(\d+), .*, (\d+, \w+, NULL, 0)$/, '$1, BYTES, $2']],
  connect: [[/^(\d+), \{sa_family=0x10, nl_pid=0, nl_groups=0+\}, 12$/, '$1, KERNEL, 12']],
  bind: [[/^(\d+), \{sa_family=0x11, sll_protocol="\\000\\000", sll_ifindex=(\d+), .*\}, 20$/, '$1, LINK($2), 20']],
  setsockopt: [
    [/^(\w+, \w+, \w+), \[(\d+)\], 4$/, '$1, &(const int){$2}, 4'],
    [/^\w+, \w+, \w+, ".*", \d+$/, '$&'],
  ],
  utimensat: [
    [new RegExp(`^(.*), \\[${TIME}, ${TIME}\\], (\\w+)$`), '$1, (const struct timespec[]){{$2, $3}, {$4, $5}}, $6'],
  ],
};

/** A text of C: what cannot be read has three octal digits, which nothing behind it can be taken for a part of. */
function quoted(bytes: Buffer): string {
  const shown = [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[\w ./:{}[\],-]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${shown.join('')}"`;
}

/** The first error number in an answer, 0 when there is none. */
function netlinkError(answer: Buffer): number {
  for (let at = 0; at + 20 <= answer.length; at += (Math.max(answer.readUInt32LE(at), 16) + 3) & ~3) {
    const error = answer.readUInt16LE(at + 4) === NLMSG_ERROR ? -answer.readInt32LE(at + 16) : 0;
    if (error !== 0) return error;
  }
  return 0;
}
