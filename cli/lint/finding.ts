/** How bad it is: an error makes calls fail, a warning does something else than was meant, a note is good to know. */
export type Severity = 'error' | 'warning' | 'note';

/** Leads to a value of a document: keys and indexes. */
export type Path = readonly (string | number)[];

/** What is wrong in a document, before it is known on which line that is. */
export interface Problem {
  readonly severity: Severity;
  readonly path: Path;
  /** Whether the key is to be shown or what it holds. */
  readonly at: 'key' | 'value';
  /** What is wrong. */
  readonly message: string;
  /** What to do; '' when the message says that. */
  readonly help: string;
}

/** What is wrong, and where in which file. */
export interface Finding {
  readonly file: string;
  /** Both count from 1; 0 when it is about the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** How many characters it is about. */
  readonly length: number;
  readonly severity: Severity;
  /** The key as people write it: `plugins[0].ipam.ranges[0][0].subnet`. */
  readonly key: string;
  readonly message: string;
  readonly help: string;
  /** The line itself. */
  readonly text: string;
}

/** Writes down what is wrong with one document. */
export class Problems {
  readonly found: Problem[] = [];

  error(path: Path, message: string, help = '', at: Problem['at'] = 'value'): void {
    this.found.push({ severity: 'error', path, at, message, help });
  }

  warning(path: Path, message: string, help = '', at: Problem['at'] = 'value'): void {
    this.found.push({ severity: 'warning', path, at, message, help });
  }

  note(path: Path, message: string, help = '', at: Problem['at'] = 'value'): void {
    this.found.push({ severity: 'note', path, at, message, help });
  }
}
