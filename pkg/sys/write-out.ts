/** Writes all of a text to stdout or stderr; rejects when the reader is gone. */
export async function writeOut(stream: 'stdout' | 'stderr', text: string): Promise<void> {
  if (text === '') return;
  if (typeof Bun !== 'undefined') {
    await Bun.write(Bun[stream], text);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    process[stream].write(text, (error) => (error ? reject(error) : resolve()));
  });
}
