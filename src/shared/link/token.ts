import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LockstepError } from '../errors.js';

/** What lets a process into a run. Kept out of every message, log and error. */
export class Token {
  readonly #digest: Buffer;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.#digest = digestOf(text);
  }

  /** The value of the HTTP header `Authorization`. */
  get authorization(): string {
    return `Bearer ${this.#text}`;
  }

  /** Whether a header holds the same token; takes as long whatever it holds. */
  admits(authorization: string | undefined): boolean {
    return timingSafeEqual(this.#digest, digestOf(authorization?.replace(/^Bearer /, '') ?? ''));
  }

  /** A key of 32 bytes for one purpose (HKDF with SHA-256, RFC 5869); it does not give the token away. */
  keyFor(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#text, '', purpose, 32));
  }

  toJSON(): string {
    return '[token]';
  }
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

const LEAST_CHARACTERS = 16;

/** Reads a token file: one line of at least 16 visible characters. Throws TOKEN_INVALID. */
export async function readToken(path: string): Promise<Token> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new LockstepError('TOKEN_INVALID', `The token file ${path} cannot be read.`, {
      hint: 'Copy the file that the coordinator was started with, or wrote into its run folder.',
      cause,
    });
  }
  if (!/^[!-~]+$/.test(text) || text.length < LEAST_CHARACTERS) {
    throw new LockstepError(
      'TOKEN_INVALID',
      `The token file ${path} holds no token: one line of at least ${LEAST_CHARACTERS} visible characters was expected.`,
      { hint: 'Make one with: openssl rand -hex 32' },
    );
  }
  return new Token(text);
}
