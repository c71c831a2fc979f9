import { EventEmitter } from 'node:events';
import t from 'tap';
import { dial } from '#src/shared/link/dial.js';
import { SocketLink } from '#src/shared/link/socket-link.js';
import { decodeFrame } from '#src/shared/wire/frame.js';
import {
  fromCoordinatorSchema,
  fromWorkerSchema,
  type FromCoordinator,
  type FromWorker,
} from '#src/shared/wire/session.js';
import { FROM_COORDINATOR, FROM_WORKER } from '../../support/messages.js';
import { linkPair, openDoor, TOKEN } from '../../support/sockets.js';

const timing = FROM_WORKER.timing[0]!;
const data = FROM_COORDINATOR.data[0]!;

t.test('All kinds of messages arrive both ways, in order', async (t) => {
  const { worker, coordinator } = await linkPair(t);
  const up = Object.values(FROM_WORKER).flat() as FromWorker[];
  const down = Object.values(FROM_COORDINATOR).flat() as FromCoordinator[];
  const heard: string[][] = [[], []];
  const all = new Promise<void>((resolve) => {
    const count = (): void => {
      if (heard[0]!.length === up.length && heard[1]!.length === down.length) resolve();
    };
    coordinator.receive(({ kind }) => void (heard[0]!.push(kind), count()));
    worker.receive(({ kind }) => void (heard[1]!.push(kind), count()));
  });
  await Promise.all([...up.map((m) => worker.send(m)), ...down.map((m) => coordinator.send(m))]);
  await all;
  t.strictSame(
    heard,
    [up, down].map((list) => list.map(({ kind }) => kind)),
  );
});

t.test('Room that appears belongs to those who wait for it', (t) => {
  // A socket that empties itself on command: with a real one, the moment is hard to meet.
  const handed: number[] = [];
  const socket = Object.assign(new EventEmitter(), {
    readyState: 1,
    OPEN: 1,
    CLOSED: 3,
    bufferedAmount: 0,
    resume: () => undefined,
    send: (frame: Buffer) => {
      const message = decodeFrame(frame, fromCoordinatorSchema);
      handed.push((message as typeof data).first);
    },
    close: () => undefined,
    terminate: () => undefined,
  });
  const options = { peer: 'worker', accepts: fromWorkerSchema, capacityBytes: 1000 };
  const link = new SocketLink<FromCoordinator, FromWorker>(socket as never, options);
  const send = (first: number): void => {
    link.send({ ...data, first }).catch(() => undefined);
  };
  send(0);
  socket.bufferedAmount = 1001;
  send(1);
  send(2);
  t.strictSame(handed, [0], 'two wait');
  socket.bufferedAmount = 0;
  send(3);
  t.strictSame(handed, [0, 1, 2, 3]);
  socket.readyState = 3;
  socket.emit('close', 1006, Buffer.alloc(0));
  t.end();
});

t.test('Nothing overtakes what waits for room', async (t) => {
  const { worker, coordinator, sockets } = await linkPair(t, { capacityBytes: 300_000 });
  const got: number[] = [];
  worker.receive((message) => got.push((message as typeof data).first));
  const sent: Promise<void>[] = [];
  const send = (bytes: number): void => {
    const payload = new Uint8Array(bytes);
    sent.push(coordinator.send({ ...data, first: sent.length, payload }));
  };
  // Large ones fill the way, small ones wait: when the large are gone, one more would find room.
  sockets[0]!.pause();
  for (let i = 0; i < 60; i++) send(200_000);
  for (let i = 0; i < 200; i++) send(100);
  for (let i = 0; i < 200; i++) {
    // The other end reads by the gulp.
    sockets[0]!.resume();
    await new Promise((resolve) => setImmediate(resolve));
    sockets[0]!.pause();
    send(100);
  }
  sockets[0]!.resume();
  await Promise.all(sent);
  while (got.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 5));
  t.strictSame(
    got,
    sent.map((_, i) => i),
  );
});

t.test('What is sent before anybody listens is kept, at either end', async (t) => {
  const door = await openDoor(t, {
    onConnection: (socket) => {
      const options = { peer: 'worker', accepts: fromWorkerSchema };
      const link = new SocketLink<FromCoordinator, FromWorker>(socket, options);
      for (let first = 0; first < 50; first++) void link.send({ ...data, first });
    },
  });
  for (let round = 0; round < 20; round++) {
    const socket = await dial(door.url, TOKEN);
    const options = { peer: 'coordinator', accepts: fromCoordinatorSchema };
    const link = new SocketLink<FromWorker, FromCoordinator>(socket, options);
    if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const got: number[] = [];
    await new Promise<void>((resolve) => {
      link.receive((message) => {
        got.push((message as typeof data).first);
        if (got.length === 50) resolve();
      });
    });
    t.ok(
      got.every((first, i) => first === i),
      'all 50, in order',
    );
    link.close('done');
  }
});

t.test('A handler is not called within send, and may answer', async (t) => {
  const { worker, coordinator } = await linkPair(t);
  let inSend = false;
  coordinator.receive(() => {
    t.notOk(inSend);
    inSend = true;
    void coordinator.send(data);
    inSend = false;
  });
  const answered = new Promise((resolve) => {
    worker.receive(resolve);
  });
  await worker.send(timing);
  t.match(await answered, { kind: 'data' });
});

t.test('A reason arrives at both ends, and nothing is sent any more', async (t) => {
  const { worker, coordinator } = await linkPair(t);
  coordinator.close('the run has ended');
  t.equal(await worker.closed, 'the run has ended');
  t.equal(await coordinator.closed, 'the run has ended');
  worker.close('another reason');
  t.equal(await worker.closed, 'the run has ended', 'the first reason stays');
  await t.rejects(worker.send(timing), { code: 'LINK_CLOSED', message: /coordinator/ });
  await t.rejects(coordinator.send(data), { code: 'LINK_CLOSED' });
});

t.test('A long reason is cut between characters', async (t) => {
  for (const character of ['x', 'ü', '☹', '😀']) {
    const { worker, coordinator } = await linkPair(t);
    coordinator.close(`-${character.repeat(200)}`);
    const bytes = Buffer.byteLength(character);
    t.equal(await worker.closed, `-${character.repeat(Math.floor(119 / bytes))}`);
  }
});

t.test('A peer that is gone is a close', async (t) => {
  const { worker, coordinator, sockets } = await linkPair(t);
  sockets[0]!.terminate();
  t.match(await coordinator.closed, /connection closed \(1006\)/);
  t.match(await worker.closed, /connection closed/);
  await t.rejects(coordinator.send(data), { code: 'LINK_CLOSED' });
});

t.test('A link over a connection that is closed already is closed', async (t) => {
  const { sockets } = await linkPair(t);
  sockets[0]!.terminate();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const link = new SocketLink(sockets[0]!, { peer: 'x', accepts: fromCoordinatorSchema });
  t.equal(await link.closed, 'the connection was closed');
});

t.test('What fits no frame is the fault of the sender, and closes nothing', async (t) => {
  const { worker, coordinator } = await linkPair(t);
  const payload = new Uint8Array((1 << 20) + 1);
  await t.rejects(coordinator.send({ ...data, payload }), { code: 'LOCKSTEP_INTERNAL' });
  const got = new Promise((resolve) => {
    worker.receive(resolve);
  });
  await coordinator.send(data);
  t.match(await got, { kind: 'data', first: data.first });
});
