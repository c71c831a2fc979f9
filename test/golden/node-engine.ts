import { join } from 'node:path';
import { after, start } from './child.js';
import { EngineFailure, type JavaScriptEngine } from './engine.js';
import { repository } from './repository.js';

/** A build of Node with flags of V8, possibly under an emulator. */
export interface NodeCommand {
  readonly name: string;
  /** The program and what stands before `node-main.js`. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

const MAIN = join(repository, 'build/test/golden/node-main.js');

export function nodeEngine({ name, command, environment }: NodeCommand): JavaScriptEngine {
  return {
    name,
    async run(module, timeoutMillis) {
      const [program, ...args] = command;
      // NODE_OPTIONS of a test runner (loaders, coverage) are none of this engine's business.
      const child = start(program, [...args, MAIN, module], { NODE_OPTIONS: '', ...environment });
      const end = await Promise.race([
        child.ended,
        after(timeoutMillis, `took over ${timeoutMillis} ms`),
      ]);
      await child.kill();
      if (child.status() !== 0) throw new EngineFailure(name, end, child.log());
      return JSON.parse(child.stdout()) as unknown;
    },
  };
}
