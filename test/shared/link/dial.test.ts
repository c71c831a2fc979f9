import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { dial } from '#src/shared/link/dial.js';
import { LOOPBACK, openDoor, TOKEN } from '../../support/sockets.js';

/** A server that is no run. Its address. */
async function stranger(t: Test, answer: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    answer(socket);
  });
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK.host, resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('Nobody at the address: JOIN_FAILED, with the address', async (t) => {
  const closed = createHttpServer();
  await new Promise<void>((resolve) => closed.listen(0, LOOPBACK.host, resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const nobody = `ws://127.0.0.1:${port}`;
  await t.rejects(dial(nobody, TOKEN), {
    code: 'JOIN_FAILED',
    message: /ECONNREFUSED/,
    where: { url: nobody },
  });
});

t.test('What is no address is JOIN_FAILED, too', async (t) => {
  for (const url of ['', 'coordinator', 'host:7700', 'ftp://host', 'ws://', 'ws://h:99999', '/x']) {
    await t.rejects(dial(url, TOKEN), { code: 'JOIN_FAILED' }, url);
  }
});

t.test('Who answers as something else is JOIN_FAILED, in bounded time', async (t) => {
  const began = performance.now();
  const answers: Readonly<Record<string, (socket: Socket) => void>> = {
    nothing: () => undefined,
    'closes at once': (socket) => socket.destroy(),
    'no HTTP': (socket) => socket.end('220 mail.example.org ESMTP\r\n'),
    'another site': (socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
    },
    'a redirect': (socket) => {
      socket.end('HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n');
    },
    'JSON that is no refusal': (socket) => {
      socket.end('HTTP/1.1 401 No\r\nContent-Length: 17\r\n\r\n{"code":"OUCHES"}');
    },
    'an answer without end': (socket) => {
      socket.write('HTTP/1.1 401 No\r\n\r\n');
      const flood = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65536, 32)));
      };
      socket.on('drain', flood);
      flood();
    },
    'an answer that drips': (socket) => {
      socket.write('HTTP/1.1 401 No\r\nContent-Length: 65536\r\n\r\n');
      const timer = setInterval(() => socket.write(' '), 100);
      socket.once('close', () => {
        clearInterval(timer);
      });
    },
    'an upgrade that is none': (socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          'Sec-WebSocket-Accept: bm8=\r\n\r\n',
      );
    },
  };
  await Promise.all(
    Object.entries(answers).map(async ([name, answer]) => {
      const url = await stranger(t, (socket) => {
        socket.once('data', () => {
          answer(socket);
        });
      });
      await t.rejects(dial(url, TOKEN), { code: 'JOIN_FAILED' }, name);
    }),
  );
  t.ok(performance.now() - began < 8000);
});

t.test('A refusal is shown as the other side worded it', async (t) => {
  const failure = {
    code: 'RUN_FULL',
    message: 'Kein Platz.',
    hint: 'Später.',
    where: { host: 'h' },
  };
  const url = await stranger(t, (socket) => {
    socket.once('data', () => {
      const body = JSON.stringify({ ...failure, code: 'JOIN_REFUSED' });
      const length = Buffer.byteLength(body);
      socket.end(`HTTP/1.1 401 No\r\nContent-Length: ${length}\r\n\r\n${body}`);
    });
  });
  const { message, hint, where } = failure;
  await t.rejects(dial(url, TOKEN), { code: 'JOIN_REFUSED', message, hint, where });
});

t.test('A taken address to listen on is LISTEN_FAILED', async (t) => {
  const { server } = await openDoor(t);
  await t.rejects(openDoor(t, { listen: server.address }), {
    code: 'LISTEN_FAILED',
    message: new RegExp(`127\\.0\\.0\\.1:${server.address.port} cannot be listened on`),
  });
});
