import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, start } from './child.js';
import { EngineFailure, type JavaScriptEngine } from './engine.js';
import { servePage } from './page-server.js';

/** A headless browser, and how to start it on a page with a profile of its own. */
export interface BrowserCommand {
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  args(profile: string, url: string): readonly string[];
  /** Text of `user.js` in the profile (Firefox). */
  readonly preferences?: string;
}

export function browserEngine(browser: BrowserCommand): JavaScriptEngine {
  return {
    name: browser.name,
    async run(module, timeoutMillis) {
      const profile = await mkdtemp(join(tmpdir(), 'lockstep-browser-'));
      await writeFile(join(profile, 'user.js'), browser.preferences ?? '');
      const server = await servePage(module);
      const child = start(browser.program, browser.args(profile, server.url), {
        ...browser.environment,
        HOME: profile,
      });
      const failure = (reason: string) => new EngineFailure(browser.name, reason, child.log());
      try {
        return await Promise.race([
          server.result.catch((error: Error) => Promise.reject(failure(error.message))),
          child.ended.then((end) => Promise.reject(failure(`${end} before the page answered`))),
          after(timeoutMillis, null).then(() =>
            Promise.reject(failure(`no answer from the page in ${timeoutMillis} ms`)),
          ),
        ]);
      } finally {
        await child.kill();
        server.close();
        // The browser's helpers may still be writing as they die.
        await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      }
    },
  };
}
