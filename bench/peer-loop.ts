// Takes a container up and down on several hosts in turn and prints how long each of them took, in nanoseconds; started
// by peers.ts, as an executable of its own. stdin: a PeerRequest; prints a PeerTimes for each contender.
import { files } from '../pkg/sys/files/files.ts';
import { readStdin } from '../pkg/sys/files/stdin.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';
import { CLONE_NEWNET, libc } from '../pkg/sys/libc.ts';
import { pause } from './pause.ts';
import { type Call, type Job, stdinOf } from './peer-jobs.ts';
import { callPlugin } from './plugin-call.ts';

/** What peers.ts asks for. */
export interface PeerRequest {
  readonly contenders: readonly { readonly host: number; readonly job: Job }[];
  readonly rounds: number;
  readonly path: string;
  /** Where stdin and stdout of the programs are kept. */
  readonly scratch: string;
}

/** Nanoseconds of each round. */
export interface PeerTimes {
  readonly setup: number[];
  readonly teardown: number[];
}

const CLONE_NEWNS = 0x20000;
/** Rounds that do not count: files come into the page cache. */
const WARM_UP = 5;

const request: PeerRequest = JSON.parse(await readStdin());
const times: PeerTimes[] = request.contenders.map(() => ({ setup: [], teardown: [] }));
for (let round = -WARM_UP; round < request.rounds; round++) {
  for (let turn = 0; turn < request.contenders.length; turn++) {
    // The order alternates, so that none always runs in the wake of the same other one.
    const index = round % 2 === 0 ? turn : request.contenders.length - 1 - turn;
    const [contender, own] = [request.contenders[index], times[index]];
    if (contender === undefined || own === undefined) continue;
    enter(contender.host);
    const { setup, teardown } = await takeUpAndDown(contender.job);
    if (round < 0) continue;
    own.setup.push(setup);
    own.teardown.push(teardown);
  }
}
await writeOut('stdout', JSON.stringify(times));

async function takeUpAndDown(job: Job): Promise<{ setup: number; teardown: number }> {
  await pause();
  let [setup, teardown] = [0, 0];
  let result: unknown;
  for (const call of job.setup) {
    const called = start(call, stdinOf(call, job, result));
    setup += called.nanoseconds;
    result = JSON.parse(called.stdout);
  }
  await pause();
  for (const call of job.teardown) teardown += start(call, stdinOf(call, job, result)).nanoseconds;
  return { setup, teardown };
}

function start({ file, args, env }: Call, conf: string): { nanoseconds: number; stdout: string } {
  const { nanoseconds, status, stdout } = callPlugin({
    file,
    args,
    env: { PATH: request.path, ...env },
    conf,
    scratch: request.scratch,
  });
  if (status !== 0) throw new Error(`${[file, ...args].join(' ')} ended with status ${status}: ${stdout}`);
  return { nanoseconds, stdout };
}

/** Goes to a host: its network and its mounts, which what is started has from here. */
function enter(host: number): void {
  const calls = libc();
  if (calls === undefined) throw new Error('this is for executables only');
  // Opened before the first is entered.
  const namespaces = [
    { fd: files().open(`/proc/${host}/ns/net`), kind: CLONE_NEWNET },
    { fd: files().open(`/proc/${host}/ns/mnt`), kind: CLONE_NEWNS },
  ];
  for (const { fd, kind } of namespaces) {
    calls.setns(fd, kind);
    calls.close(fd);
  }
}
