/** The documents against the product: links, commands, names, and the examples as they stand. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { numberOrText } from '#src/cli/config-source.js';
import * as lockstep from '#src/index.js';
import { FLAGS } from '#src/shared/config/flags.js';
import { parseKeys } from '#src/shared/config/parse.js';
import type { RunSummary } from '#src/shared/run-events.js';

t.setTimeout(300_000);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'dist/cli/main.js');
const run = promisify(execFile);
const runNode = (...args: string[]) => run(process.execPath, args, { cwd: ROOT });
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const DOCUMENTS = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

await t.test('The protocol tables every kind of message, and no other', (test) => {
  const declared = [
    ...read('src/shared/protocol/messages.ts').matchAll(/^ {2}readonly kind: '([a-z-]+)';$/gm),
  ].map((match) => match[1]!);
  const tabled = [...read('docs/protocol.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(
    (match) => match[1]!,
  );
  test.ok(declared.length > 8, 'the kinds are found');
  test.same(tabled.sort(), declared.sort());
  test.end();
});

await t.test('Every relative link leads to a file, and its anchor to a heading', (test) => {
  for (const document of DOCUMENTS) {
    for (const link of linksOf(read(document))) {
      const [path = '', anchor] = link.split('#');
      const target = relative(ROOT, resolve(ROOT, dirname(document), path || basename(document)));
      const there = existsSync(join(ROOT, target));
      test.ok(there, `${document}: ${link}`);
      if (!there || anchor === undefined) continue;
      test.ok(anchorsOf(read(target)).has(anchor), `${document}: #${anchor} in ${target}`);
    }
  }
  test.end();
});

await t.test(
  'Every command that a document shows has the flags and values it shows',
  async (test) => {
    const shown = DOCUMENTS.flatMap((document) =>
      commandsOf(read(document)).map((command) => ({ document, command })),
    );
    test.ok(shown.length > 20, `${String(shown.length)} commands were found`);
    const helps = await helpsOf([...new Set(shown.map(({ command }) => subcommandOf(command)))]);
    for (const { document, command } of shown) {
      const help = helps.get(subcommandOf(command))!;
      const words = command.split(/\s+/);
      const faults = words.flatMap((word, i) => faultOf(word, words[i + 1], help));
      test.strictSame(faults, [], `${document}: ${command}`);
    }
  },
);

await t.test('What documents and examples import from lockstep is exported', (test) => {
  const texts = [
    ...DOCUMENTS,
    'examples/model.js',
    'examples/own-arrays.mjs',
    'examples/compile.mjs',
  ];
  for (const path of texts) {
    for (const [, names = ''] of read(path).matchAll(/import \{([^}]+)\} from 'lockstep'/g)) {
      for (const name of names.split(',').map((each) => each.trim())) {
        test.ok(name in lockstep, `${path}: ${name}`);
      }
    }
  }
  test.end();
});

await t.test('docs/library.md names every export, values and types', (test) => {
  const source = read('src/index.ts');
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]+)\}/gm)].map(([, names]) => names!);
  const types = lists
    .flatMap((names) => names.split(','))
    .map((name) => name.trim().split(' ').at(-1)!);
  const names = [...types, ...Object.keys(lockstep)].filter((name) => name !== '');
  test.ok(names.length > 20);
  const library = read('docs/library.md');
  for (const name of names) test.match(library, new RegExp(`\\b${name}\\b`), name);
  test.end();
});

await t.test('Files and folders that documents name are there', (test) => {
  const path = /`((?:src|test|scripts|docs|benchmarks|schema|examples)\/[\w./-]*[\w/])`/g;
  for (const document of DOCUMENTS) {
    for (const [, name = ''] of read(document).matchAll(path)) {
      test.ok(existsSync(join(ROOT, name)), `${document}: ${name}`);
    }
  }
  test.end();
});

await t.test('CONTRIBUTING gives a reason for every dependency, and for no other', (test) => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const wanted = Object.keys({ ...manifest['dependencies'], ...manifest['devDependencies'] });
  const section = read('CONTRIBUTING.md').split('## Dependencies')[1]!;
  const rows = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell!);
  const given = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  test.strictSame(given.sort(), wanted.sort());
  test.end();
});

await t.test('examples/own-arrays.mjs trains its model and predicts with it', async (test) => {
  const folder = join(test.testdir(), 'run');
  const { stdout } = await runNode('examples/own-arrays.mjs', folder);
  const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as RunSummary;
  test.ok(summary.testAccuracy! > 0.95, `test accuracy ${String(summary.testAccuracy)}`);
  test.match(stdout, summary.weightsDigest);
  test.match(stdout, /the first test image: (\w+) \(is \1\)/);
});

await t.test('examples/model.js trains from the command line', async (test) => {
  const folder = test.testdir();
  const data = join(folder, 'data');
  mkdirSync(data);
  for (const [name, count] of [
    ['train', 12],
    ['test', 6],
  ] as const) {
    writeFileSync(join(data, `${name}.csv`), csv(count));
  }
  const flags = ['--model', 'examples/model.js', '--data', data, '--out', join(folder, 'run')];
  const { stdout } = await runNode(
    ...[MAIN, 'train', ...flags, '--batch-size', '12', '--steps', '1', '--threads', '1', '--json'],
  );
  test.match(JSON.parse(stdout), { engine: 'wasm', model: 'model', steps: 1, samplesSeen: 12 });
});

/** A line an image: a label from 0 to 2, and 12 × 12 pixels. */
function csv(count: number): string {
  const pixels = (i: number) => Array.from({ length: 144 }, (_, p) => (p * (i + 3) * 7) % 256);
  return Array.from({ length: count }, (_, i) => [i % 3, ...pixels(i)].join(',') + '\n').join('');
}

/** Targets of links that are no URLs; code is left out. */
function linksOf(markdown: string): string[] {
  const text = markdown.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, 'code');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm);
  return new Set(
    Array.from(headings, ([, text]) =>
      text!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}

/** Lines and inline code that begin with `lockstep` or `npx lockstep`; what is behind two spaces explains. */
function commandsOf(markdown: string): string[] {
  const lines = markdown.matchAll(/^ *(?:npx )?(lockstep (?:\S+(?: \S+)*))/gm);
  const inline = markdown.matchAll(/`(?:npx )?(lockstep [^`\n]+)`/g);
  return [...lines, ...inline].map(([, command]) => command!.replace(/ [#|…].*$/, ''));
}

/** `data info` of `lockstep data info DIR --json`. */
function subcommandOf(command: string): string {
  const words = command.split(/\s+/).slice(1);
  return words.slice(0, /^(data|engine)$/.test(words[0]!) ? 2 : 1).join(' ');
}

async function helpsOf(subcommands: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const pairs = subcommands.map(async (subcommand) => {
    const { stdout } = await runNode(MAIN, ...subcommand.split(' '), '--help');
    return [subcommand, stdout] as const;
  });
  return new Map(await Promise.all(pairs));
}

/** What is wrong with a word of a command line, by the command's help and the schema. */
function faultOf(word: string, next: string | undefined, help: string): string[] {
  const name = /^--([\w-]+)$/.exec(word)?.[1];
  if (name === undefined || name === 'help') return [];
  if (!new RegExp(`--(no-)?${name.replace(/^no-/, '')}\\b`).test(help))
    return [`${word} is unknown`];
  // Some flags of studies have a name of a key, and take several values of it.
  if (new RegExp(`--${name} +[^-]*such as \\d+,\\d+`).test(help) && /^\d+(,\d+)*$/.test(next ?? '')) return []; // prettier-ignore
  const flag = FLAGS.find((each) => each.flag === name);
  if (flag === undefined || flag.kind === 'switch') return [];
  const value = flag.kind === 'number' ? numberOrText(next) : next;
  return parseKeys({ [flag.key]: value }, () => word).faults.map(({ message }) => message);
}
