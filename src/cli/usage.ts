import { didYouMean } from '../shared/config/did-you-mean.js';
import { LockstepError } from '../shared/errors.js';

/**
 * What yargs found wrong with a command line, as a coded error that guesses what was meant.
 * @param help the text of `--help` at that place: every flag and command that exists stands in it.
 */
export function usageError(message: string, help: string): LockstepError {
  const unknown = /^Unknown (?:arguments?|commands?): (.+)$/m.exec(message)?.[1]?.split(', ') ?? [];
  const flags = new Set([...help.matchAll(/(?<![\w-])--([a-z][a-z0-9-]*)/g)].map((m) => m[1]!));
  const commands = [...help.matchAll(/^ {2}lockstep ((?:[a-z]+ )*[a-z]+)/gm)].map((m) =>
    m[1]!.split(' ').at(-1)!,
  );
  // yargs names a flag in both spellings; the one with capitals is not what was written.
  const written = unknown.filter((name) => !/[A-Z]/.test(name) || !unknown.includes(kebab(name)));
  const guesses = written.flatMap((name) => {
    const flag = didYouMean(name, flags);
    const command = didYouMean(name, commands);
    if (command !== null) return [`lockstep … ${command}`];
    return flag === null ? [] : [`--${flag}`];
  });
  const text =
    written.length === 0 ? message : `Unknown on the command line: ${written.join(', ')}.`;
  const guess = guesses.length === 0 ? '' : `Did you mean ${guesses.join(', ')}? `;
  return new LockstepError('USAGE_INVALID', text.trim(), {
    hint: `${guess}--help shows what there is.`,
  });
}

const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
