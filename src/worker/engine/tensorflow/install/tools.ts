import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LockstepError } from '../../../../shared/errors.js';
import { runProgram } from '../../../../shared/run-program.js';

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
export async function missingTools(env: NodeJS.ProcessEnv): Promise<readonly MissingTool[]> {
  return missingOf(await findTools(env));
}

/** Errors: ENGINE_INSTALL_TOOL_MISSING, which names all that is missing. */
export async function requireTools(env: NodeJS.ProcessEnv): Promise<Tools> {
  const found = await findTools(env);
  const missing = missingOf(found);
  if (missing.length > 0) {
    throw new LockstepError(
      'ENGINE_INSTALL_TOOL_MISSING',
      `The engine tensorflow is made on this machine, which lacks ${missing.map(({ tool }) => tool).join(' and ')}.`,
      { hint: `${missing.map(({ hint }) => hint).join('. ')}. Engine wasm needs none of it.` },
    );
  }
  return { ...(found as Tools) };
}

type FoundTools = { readonly [Tool in keyof Tools]: string | null } & { readonly hasPip: boolean };

function missingOf({ python, hasPip, compiler, headers }: FoundTools): readonly MissingTool[] {
  const missing: MissingTool[] = [];
  if (python === null) {
    missing.push({ tool: 'Python 3', hint: 'On Debian: apt-get install python3 python3-pip' });
  } else if (!hasPip) {
    missing.push({ tool: 'pip, of Python', hint: 'On Debian: apt-get install python3-pip' });
  }
  if (compiler === null) {
    missing.push({
      tool: 'a C++ compiler',
      hint: 'On Debian: apt-get install g++, or name one in CXX',
    });
  }
  if (headers === null) {
    missing.push({
      tool: 'the header node_api.h of Node',
      hint: 'Use a Node from nodejs.org, which has it, or on Debian: apt-get install libnode-dev',
    });
  }
  return missing;
}

/** Ends with 0 where all is there, with 3 where only pip is missing. Importing pip loads little. */
const LOOK = `
import sys, zipfile, tarfile
if sys.version_info < (3, 8): sys.exit(1)
try: import pip
except ImportError: sys.exit(3)
`;

/** All at once: this is asked by everybody who lists the engines. */
async function findTools(env: NodeJS.ProcessEnv): Promise<FoundTools> {
  const statusOf = async (program: string, args: readonly string[]) => {
    const run = { program, args, env, stallMillis: LOOK_MILLIS };
    return { program, status: (await runProgram(run)).status };
  };
  const named = env['CXX'];
  const compilers = named ? [named] : ['c++', 'g++', 'clang++'];
  const [pythons, built] = await Promise.all([
    Promise.all(['python3', 'python'].map((name) => statusOf(name, ['-c', LOOK]))),
    Promise.all(compilers.map((name) => statusOf(name, ['--version']))),
  ]);
  const python =
    pythons.find(({ status }) => status === 0) ?? pythons.find(({ status }) => status === 3);
  const folders = [
    join(dirname(dirname(process.execPath)), 'include', 'node'),
    '/usr/include/node',
    '/usr/include/nodejs/src',
  ];
  return {
    python: python?.program ?? null,
    hasPip: python?.status === 0,
    compiler: built.find(({ status }) => status === 0)?.program ?? null,
    headers: folders.find((folder) => existsSync(join(folder, 'node_api.h'))) ?? null,
  };
}

const LOOK_MILLIS = 20_000;
