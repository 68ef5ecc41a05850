/** Of thousands the first ones tell enough. */
const MOST_NAMED = 10;

/** Some names for a sentence; of very many the first ones, and how many more there are. */
export function namesOf(names: readonly string[]): string {
  const named = names.slice(0, MOST_NAMED);
  if (names.length > MOST_NAMED) named.push(`${names.length - MOST_NAMED} more`);
  return named.join(', ');
}

/** A text for a sentence; of a very long one the beginning, and how much more there is. */
export function shortened(text: string, most = 4000): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} characters more)`;
}
