import { get as getInClear, type IncomingMessage } from 'node:http';
import { get as getEncrypted } from 'node:https';
import { answerOf, unreachable } from './dial.js';
import type { ClientTls } from './tls.js';
import type { Token } from './token.js';

const TIMEOUT_MILLISECONDS = 5000;

export interface Answer {
  readonly isGiven: boolean;
  readonly text: string;
}

/** What a coordinator answers at a path of its address. Throws JOIN_FAILED, JOIN_UNTRUSTED. */
export function ask(url: URL, path: string, token: Token, tls: ClientTls): Promise<Answer> {
  const address = new URL(path, url.href.replace(/^ws/, 'http'));
  const get = address.protocol === 'https:' ? getEncrypted : getInClear;
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(unreachable(url.href, cause));
    };
    try {
      const options = {
        headers: { authorization: token.authorization },
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
        ...tls,
      };
      const request = get(address, options, (response: IncomingMessage) => {
        const isGiven = response.statusCode === 200;
        void answerOf(response).then((text) => {
          resolve({ isGiven, text });
        });
      });
      request.once('error', fail);
    } catch (error) {
      fail(error as Error);
    }
  });
}
