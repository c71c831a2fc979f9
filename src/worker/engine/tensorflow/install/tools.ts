import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LockstepError } from '../../../../shared/errors.js';

/** What an installation needs of the machine. */
export interface Tools {
  /** Unpacks wheels, which are zip files, and has pip. */
  readonly python: string;
  /** Compiles C++17. */
  readonly compiler: string;
  /** The folder of node_api.h. */
  readonly headers: string;
}

/** A tool that is missing, and the words that mend it. */
export interface MissingTool {
  readonly tool: string;
  readonly hint: string;
}

/** Every tool that is missing; empty where all are there. */
export function missingTools(env: NodeJS.ProcessEnv): readonly MissingTool[] {
  const found = findTools(env);
  const missing: MissingTool[] = [];
  if (found.python === null) {
    missing.push({ tool: 'Python 3', hint: 'On Debian: apt-get install python3 python3-pip' });
  } else if (!runs(found.python, ['-m', 'pip', '--version'], env)) {
    missing.push({ tool: 'pip, of Python', hint: 'On Debian: apt-get install python3-pip' });
  }
  if (found.compiler === null) {
    missing.push({
      tool: 'a C++ compiler',
      hint: 'On Debian: apt-get install g++, or name one in CXX',
    });
  }
  if (found.headers === null) {
    missing.push({
      tool: 'the header node_api.h of Node',
      hint: 'Use a Node from nodejs.org, which has it, or on Debian: apt-get install libnode-dev',
    });
  }
  return missing;
}

/** Errors: ENGINE_INSTALL_TOOL_MISSING, which names all that is missing. */
export function requireTools(env: NodeJS.ProcessEnv): Tools {
  const missing = missingTools(env);
  if (missing.length > 0) {
    throw new LockstepError(
      'ENGINE_INSTALL_TOOL_MISSING',
      `The engine tensorflow is made on this machine, which lacks ${missing.map(({ tool }) => tool).join(' and ')}.`,
      { hint: `${missing.map(({ hint }) => hint).join('. ')}. Engine wasm needs none of it.` },
    );
  }
  return findTools(env) as Tools;
}

function findTools(env: NodeJS.ProcessEnv): { readonly [Tool in keyof Tools]: string | null } {
  const first = (names: readonly string[], args: readonly string[]) =>
    names.find((name) => runs(name, args, env)) ?? null;
  const named = env['CXX'];
  const isPython3 = ['-c', 'import sys, zipfile, tarfile; sys.exit(sys.version_info < (3, 8))'];
  const folders = [
    join(dirname(dirname(process.execPath)), 'include', 'node'),
    '/usr/include/node',
    '/usr/include/nodejs/src',
  ];
  return {
    python: first(['python3', 'python'], isPython3),
    compiler: first(named ? [named] : ['c++', 'g++', 'clang++'], ['--version']),
    headers: folders.find((folder) => existsSync(join(folder, 'node_api.h'))) ?? null,
  };
}

function runs(command: string, args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  return spawnSync(command, args, { env, stdio: 'ignore' }).status === 0;
}
