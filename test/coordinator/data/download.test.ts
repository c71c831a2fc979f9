import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { gzipSync } from 'node:zlib';
import { download, type DownloadLimits } from '#src/coordinator/data/fetch/download.js';
import { publishedFile } from '#src/shared/data/fashion-mnist.js';
import { fashionMnist } from '../../support/fashion-mnist.js';
import { cutAfter, localPublisher, type Fault } from './local-publisher.js';

const file = publishedFile('test', 'labels');
const LIMITS: DownloadLimits = {
  connectMillis: 2000,
  stallMillis: 200,
  leastBytes: 100,
  tries: 3,
  mostTries: 6,
  pauseMillis: 10,
};

const { folder: real } = await fashionMnist();
const packed = readFileSync(join(real, file.name));

async function attempt(t: Test, fault?: Fault, options: { ranges?: boolean } = {}) {
  const folder = t.testdir();
  const server = await localPublisher(new Map([[file.name, packed]]), fault, options);
  t.teardown(server.close);
  const seen: number[] = [];
  const run = (limits: Partial<DownloadLimits> = {}) =>
    download({
      base: new URL(server.url),
      file,
      folder,
      limits: { ...LIMITS, ...limits },
      onProgress: (done, total) => seen.push(done, total),
    });
  const isWhole = () => readFileSync(join(folder, file.name)).equals(packed);
  return { folder, server, run, isWhole, seen };
}

t.test('a file is fetched in one request, with progress, and nothing else is left', async (t) => {
  const { folder, server, run, isWhole, seen } = await attempt(t);
  await run();
  t.ok(isWhole());
  t.same(readdirSync(folder), [file.name]);
  t.same(server.requests, [{ name: file.name, range: undefined }]);
  t.same(seen.slice(-2), [packed.length, packed.length]);
});

t.test('a connection that is cut is gone on with where it broke off', async (t) => {
  const { server, run, isWhole } = await attempt(t, cutAfter(2000));
  await run();
  t.ok(isWhole());
  t.same(
    server.requests.map(({ range }) => range),
    [undefined, 'bytes=2000-'],
  );
});

t.test('a server that knows no ranges is asked for all of it again', async (t) => {
  const { server, run, isWhole } = await attempt(t, cutAfter(2000), { ranges: false });
  await run();
  t.ok(isWhole());
  t.equal(server.requests.length, 2);
});

t.test('a part that an earlier call left is gone on with', async (t) => {
  const { folder, server, run, isWhole } = await attempt(t, cutAfter(2000, 1));
  await t.rejects(run({ tries: 1, mostTries: 1 }), { message: /broke off after 2000/ });
  t.match(readdirSync(folder), [/\.part$/]);
  await run();
  t.ok(isWhole());
  t.same(server.requests.at(-1)?.range, 'bytes=2000-');
  t.same(readdirSync(folder), [file.name]);
});

t.test('a part of a process that is gone is taken over, of one that lives is not', async (t) => {
  const { folder, server, run, isWhole } = await attempt(t);
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '_');
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const living = `${file.name}.${host}.1-1.part`;
  writeFileSync(join(folder, living), packed.subarray(0, 4000));
  writeFileSync(join(folder, `${file.name}.${host}.${gone}-1.part`), packed.subarray(0, 3000));
  await run();
  t.ok(isWhole());
  t.same(server.requests, [{ name: file.name, range: 'bytes=3000-' }]);
  t.same(readdirSync(folder).sort(), [file.name, living]);
});

t.test('a left part with wrong bytes is thrown away, and all is fetched', async (t) => {
  const { folder, server, run, isWhole } = await attempt(t);
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '_');
  const wrong = Buffer.alloc(3000, 1);
  writeFileSync(join(folder, `${file.name}.${host}.${gone}-1.part`), wrong);
  await run();
  t.ok(isWhole());
  t.same(
    server.requests.map(({ range }) => range),
    ['bytes=3000-', undefined],
  );
});

t.test('a left part that is longer than the file is thrown away', async (t) => {
  const { folder, run, isWhole } = await attempt(t);
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const host = hostname().replace(/[^A-Za-z0-9-]/g, '_');
  const long = Buffer.concat([packed, packed]);
  writeFileSync(join(folder, `${file.name}.${host}.${gone}-1.part`), long);
  await run();
  t.ok(isWhole());
});

t.test('another file in its place is refused, deleted, and not asked for again', async (t) => {
  const idx = Buffer.alloc(10008);
  idx.set([0, 0, 8, 1, 0, 0, 0x27, 0x10]);
  const { folder, server, run } = await attempt(t, (response) => {
    response.end(gzipSync(idx));
    return true;
  });
  await t.rejects(run(), {
    code: 'DATA_CHECKSUM',
    message:
      /t10k-labels-idx1-ubyte\.gz is another file: .* expected 0402a96d.* published was bb300cfd/,
  });
  t.same(readdirSync(folder), []);
  t.equal(server.requests.length, 1);
});

t.test('a page of a captive portal in its place is refused and deleted', async (t) => {
  const { folder, run } = await attempt(t, (response) => {
    response.end('<html>Please log in</html>');
    return true;
  });
  await t.rejects(run(), { code: 'DATA_CHECKSUM', message: /is another file/ });
  t.same(readdirSync(folder), []);
});

t.test('404 ends at once; 503 is tried again', async (t) => {
  const missing = await attempt(t, (response) => {
    response.writeHead(404).end();
    return true;
  });
  await t.rejects(missing.run(), { code: 'DATA_FETCH_FAILED', message: /answered 404 Not Found/ });
  t.equal(missing.server.requests.length, 1);
  const busy = await attempt(t, (response, _, n) => {
    if (n <= 2) response.writeHead(503).end();
    return n <= 2;
  });
  await busy.run();
  t.ok(busy.isWhole());
  t.equal(busy.server.requests.length, 3);
});

t.test(
  'a server that stops sending, sends drops, or never answers is given up in bounded time',
  async (t) => {
    const stall: Fault = (response, body) => {
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 50));
      return true;
    };
    const drip: Fault = (response, body) => {
      response.writeHead(200, { 'content-length': body.length });
      let at = 0;
      const timer = setInterval(() => response.write(body.subarray(at, ++at)), 20);
      response.on('close', () => clearInterval(timer));
      return true;
    };
    const silence: Fault = () => true;
    for (const [name, fault] of Object.entries({ stall, drip, silence })) {
      const { run } = await attempt(t, fault);
      const start = Date.now();
      await t.rejects(
        run({ stallMillis: 100 }),
        { code: 'DATA_FETCH_FAILED', message: /sent \d+ bytes within 100 ms/ },
        name,
      );
      const millis = Date.now() - start;
      t.ok(millis < LIMITS.tries * 2 * 100 + 1500, `${name}: ${millis} ms`);
    }
  },
);

t.test('a connection that is cut without end is given up after so many tries', async (t) => {
  const { server, run } = await attempt(t, (response, body) => {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, 10), () => response.destroy());
    return true;
  });
  await t.rejects(run(), { code: 'DATA_FETCH_FAILED' });
  t.equal(server.requests.length, LIMITS.tries);
});

t.test('a server that is not there is given up after one try', async (t) => {
  const { server, run } = await attempt(t);
  server.close();
  const start = Date.now();
  await t.rejects(run(), { code: 'DATA_FETCH_FAILED', message: /ECONNREFUSED/ });
  t.ok(Date.now() - start < 1000);
});

t.test('redirects are followed, but not for ever', async (t) => {
  const once = await attempt(t, (response, _, n) => {
    if (n === 1) response.writeHead(302, { location: `/${file.name}` }).end();
    return n === 1;
  });
  await once.run();
  t.ok(once.isWhole());
  const circle = await attempt(t, (response) => {
    response.writeHead(301, { location: `/${file.name}` }).end();
    return true;
  });
  await t.rejects(circle.run(), { message: /redirects more than 5 times/ });
  const away = await attempt(t, (response) => {
    response.writeHead(301, { location: 'ftp://example.org/x' }).end();
    return true;
  });
  await t.rejects(away.run(), { message: /redirects to "ftp:/ });
});
