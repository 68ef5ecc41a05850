/** SHA-512 of a text, in lower-case hexadecimal digits. */
export function sha512(text: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha512').update(text).digest('hex');
}
