import { inspect } from 'node:util';
import t, { type Test } from 'tap';
import { dial } from '#src/shared/link/dial.js';
import { Token } from '#src/shared/link/token.js';
import {
  openDoor,
  rawConnection,
  TOKEN,
  untilClosed,
  upgradeRequest,
} from '../../support/sockets.js';

const SECRETS = ['the-right-token-of-this-run', 'a-wrong-token-that-is-guessed'] as const;
const wrong = new Token(SECRETS[1]);

/** Everything that this process writes meanwhile. */
async function written(during: () => Promise<unknown>): Promise<string> {
  const texts: string[] = [];
  const streams = [process.stdout, process.stderr].map((stream) => {
    const { write } = stream;
    stream.write = ((text: string | Uint8Array) => texts.push(String(text)) > 0) as never;
    return () => (stream.write = write);
  });
  try {
    await during();
  } finally {
    for (const restore of streams) restore();
  }
  return texts.join('');
}

const everything = (value: unknown): string =>
  inspect(value, { depth: Infinity, showHidden: true }) + JSON.stringify(value);

function holdsNoSecret(t: Test, text: string, what: string): void {
  for (const secret of SECRETS) t.notOk(text.includes(secret), `no token in ${what}`);
}

t.test('A wrong token is refused, and neither token is told', async (t) => {
  const door = await openDoor(t);
  let error: unknown;
  const log = await written(async () => {
    error = await dial(door.url, wrong).catch((reason: unknown) => reason);
    console.error(everything(error), wrong, TOKEN, everything([wrong, TOKEN, door.server]));
  });
  t.match(error, { code: 'JOIN_REFUSED', message: 'The token is not that of this run.' });
  t.match((error as Error & { hint: string }).hint, '--token-file');
  holdsNoSecret(t, everything(error), 'the error');
  holdsNoSecret(t, log, 'what is written');
  const raw = await rawConnection(t, door.url);
  raw.write(upgradeRequest('/lockstep', { Authorization: wrong.authorization }));
  const answer = await untilClosed(raw);
  t.match(answer, /^HTTP\/1\.1 401 /);
  holdsNoSecret(t, answer, 'the answer');
  t.equal(door.admitted.length, 0, 'nobody was let in');
});

t.test('A token is compared as a whole', async (t) => {
  const door = await openDoor(t);
  const token = SECRETS[0];
  const wrongOnes: readonly (string | undefined)[] = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token}x`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer Bearer ${token}`,
    `Basic ${Buffer.from(token).toString('base64')}`,
  ];
  for (const authorization of wrongOnes) {
    const raw = await rawConnection(t, door.url);
    raw.write(upgradeRequest('/lockstep', { Authorization: authorization }));
    t.match(await untilClosed(raw), /^HTTP\/1\.1 401 /, String(authorization));
  }
  t.equal(door.admitted.length, 0);
  (await dial(door.url, TOKEN)).terminate();
  t.equal(door.admitted.length, 1, 'the right one lets in');
});

t.test('Another version is refused, and both are named', async (t) => {
  const door = await openDoor(t);
  for (const [protocol, named] of [
    ['lockstep.2', 'lockstep.2'],
    ['lockstep.10', 'lockstep.10'],
    [undefined, 'none'],
    ['chat, lockstep.1', 'chat, lockstep.1'],
  ] as const) {
    const raw = await rawConnection(t, door.url);
    raw.write(upgradeRequest('/lockstep', { 'Sec-WebSocket-Protocol': protocol }));
    const answer = await untilClosed(raw);
    t.match(answer, /^HTTP\/1\.1 426 /);
    t.match(answer, `This side speaks version 1 of the protocol, the other ${named}.`);
    t.match(answer, 'JOIN_REFUSED');
  }
  t.equal(door.admitted.length, 0);
});

t.test('Another path is refused, with the right one in the hint', async (t) => {
  const door = await openDoor(t);
  for (const path of ['/', '/lockstep/', '/lockstep?x', '//lockstep', '/../lockstep', '*']) {
    const raw = await rawConnection(t, door.url);
    raw.write(upgradeRequest(path));
    const answer = await untilClosed(raw);
    t.match(answer, /^HTTP\/1\.1 404 /, path);
    t.match(answer, 'Workers join at /lockstep, by WebSocket.');
  }
  t.equal(door.admitted.length, 0);
});

t.test('Plain HTTP is told what lives here', async (t) => {
  const door = await openDoor(t);
  const url = door.url.replace('ws:', 'http:');
  for (const path of ['/', '/lockstep']) {
    const answer = await fetch(url + path, { headers: { authorization: TOKEN.authorization } });
    t.equal(answer.status, 404);
    t.match(await answer.text(), 'Workers join at /lockstep, by WebSocket.');
  }
  const post = await rawConnection(t, door.url);
  post.write('POST /lockstep HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome of it');
  t.match(await untilClosed(post), /^HTTP\/1\.1 404 .*by WebSocket/s);
  t.equal(door.admitted.length, 0);
});

t.test('What is no HTTP, or no request for a WebSocket, ends there', async (t) => {
  const door = await openDoor(t);
  const requests: Readonly<Record<string, string>> = {
    garbage: '\u0000\u0001\u0002\u0003\r\n\r\n',
    TLS: '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
    'a header without end': `GET /lockstep HTTP/1.1\r\nX: ${'x'.repeat(10_000)}`,
    'another method': upgradeRequest().replace('GET', 'POST'),
    'a tunnel': 'CONNECT 10.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n',
    'no key': upgradeRequest('/lockstep', { 'Sec-WebSocket-Key': undefined }),
    'an old version of WebSocket': upgradeRequest('/lockstep', { 'Sec-WebSocket-Version': '6' }),
    'another upgrade': upgradeRequest('/lockstep', { Upgrade: 'h2c' }),
  };
  for (const [name, request] of Object.entries(requests)) {
    const raw = await rawConnection(t, door.url);
    raw.write(request, 'latin1');
    const answer = await untilClosed(raw);
    t.ok(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer), `${name}: ${answer.slice(0, 30)}`);
  }
  t.equal(door.admitted.length, 0);
});

t.test('A peer that was turned away cannot hold the connection, nor the server', async (t) => {
  const door = await openDoor(t);
  const raw = await rawConnection(t, door.url);
  raw.allowHalfOpen = true;
  raw.write(upgradeRequest('/lockstep', { Authorization: 'Bearer x' }));
  await new Promise((resolve) => raw.once('data', resolve));
  const began = performance.now();
  await door.server.close();
  t.ok(performance.now() - began < 1000, 'the server closes, though the peer does not');
});
