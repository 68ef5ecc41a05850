// Run as an executable of its own, which tells a child's peak memory. Arguments: PROGRAM FOLDER COUNT.
// For each N below COUNT, N.json in the folder is an environment and N.stdin what is on stdin.
import { readExistingFile } from '../../pkg/sys/files/files.ts';
import { writeOut } from '../../pkg/sys/files/write-out.ts';
import { timedRun } from '../../scripts/lib/timed-run.ts';

const [file = '', folder = '', count = ''] = process.argv.slice(2);
for (let call = 0; call < Number(count); call++) {
  const env = JSON.parse(readExistingFile(`${folder}/${call}.json`)) as Readonly<Record<string, string>>;
  const stdout = `${folder}/${call}.stdout`;
  const { status, nanoseconds, peakBytes } = timedRun({ file, env, stdin: `${folder}/${call}.stdin`, stdout });
  const answer = { exitCode: status, stdout: readExistingFile(stdout), ms: nanoseconds / 1e6, peakBytes };
  await writeOut('stdout', `${JSON.stringify(answer)}\n`);
}
