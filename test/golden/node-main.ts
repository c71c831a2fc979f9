/** `node node-main.js MODULE`: runs a program in Node; its result is one line of JSON. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Program } from './engine.js';
import { repository } from './repository.js';

const module = process.argv[2] ?? '';
const { default: program } = (await import(pathToFileURL(join(repository, module)).href)) as {
  default: Program;
};
const result = await program(
  async (path) => new Uint8Array(await readFile(join(repository, path))),
);
process.stdout.write(`${JSON.stringify(result)}\n`);
