import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Blob } from '#src/coordinator/cluster/blobs.js';
import { ClusterServer } from '#src/coordinator/cluster/cluster-server.js';
import { FileBlob } from '#src/coordinator/cluster/file-blob.js';
import { stampOf } from '#src/shared/data/stored-images.js';
import { dial } from '#src/shared/link/dial.js';
import { SocketLink } from '#src/shared/link/socket-link.js';
import type { ClusterStatus } from '#src/shared/wire/status.js';
import {
  fromCoordinatorSchema,
  type FromCoordinator,
  type Welcome,
} from '#src/shared/wire/session.js';
import { LOOPBACK, TOKEN, type WorkerLink } from '../../support/sockets.js';

const DIGEST = 'd'.repeat(64);
const WELCOME: Welcome = {
  ...{ kind: 'welcome', run: 'a'.repeat(64), version: '1', identity: {}, config: {}, model: {} },
  initialWeights: { digest: 'e'.repeat(64), bytes: 4 },
  data: {
    ...{ name: 'mine', digest: DIGEST, bytes: 1000, height: 1, width: 1, channels: 1 },
    ...{ trainCount: 1, testCount: 1, classes: ['a', 'b'] },
  },
  ...{ segments: 1, heartbeatMillis: 250, retryMillis: 500, unreachableMillis: 2000 },
  ...{ coordinatorLostMillis: 1000, traced: false },
};

/** A server that hands a blob out, and a worker of it. */
async function served(t: Test, blob: Blob) {
  const notices: string[] = [];
  const server = await ClusterServer.open({
    ...{ listen: LOOPBACK, token: TOKEN, tls: null, welcome: WELCOME, maxWorkers: null },
    blobs: new Map([[DIGEST, blob]]),
    ...{ onMember: () => undefined, onTiming: () => undefined, onTrace: () => undefined },
    onNotice: (text) => void notices.push(text),
    status: () => ({}) as ClusterStatus,
  });
  t.teardown(() => server.close());
  const join = async (worker: string) => {
    const socket = await dial(`ws://127.0.0.1:${server.address.port}`, TOKEN);
    const link: WorkerLink = new SocketLink(socket, {
      ...{ peer: 'coordinator', accepts: fromCoordinatorSchema },
    });
    const came: FromCoordinator[] = [];
    let wake = (): void => undefined;
    link.receive((message) => {
      came.push(message);
      wake();
    });
    await link.send({
      ...{ kind: 'join', version: '1', member: `${worker}-1`, worker },
      ...{ host: 'h', pid: 1, threads: 1, listen: null },
    });
    const next = async (): Promise<FromCoordinator> => {
      while (came.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return came.shift()!;
    };
    t.equal((await next()).kind, 'welcome');
    return { link, next };
  };
  return { server, notices, join };
}

function stored(t: Test): { readonly file: string; readonly stamp: string } {
  const file = join(t.testdir(), 'set.bytes');
  writeFileSync(file, Buffer.alloc(1000, 7));
  return { file, stamp: stampOf(file) };
}

const WANT = { kind: 'want-data', digest: DIGEST, first: 990, end: 1000 } as const;

t.test(
  'a file that cannot be read costs a worker its link, not the coordinator its life',
  async (t) => {
    const { file, stamp } = stored(t);
    const { notices, join, server } = await served(t, new FileBlob({ file, stamp }, 1000));
    const first = await join('one');
    truncateSync(file, 500);
    await first.link.send(WANT);
    t.match(await first.link.closed, /DATA_FILE_UNREADABLE: /);
    while (notices.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    t.match(notices, [
      /^Worker one .* is gone: DATA_FILE_UNREADABLE: .*ended at byte 990 of 1000\.$/,
    ]);
    // Others may still join.
    await join('two');
    t.same(server.workers.map(({ worker }) => worker), ['two']); // prettier-ignore
  },
);

t.test('who cleans the cache takes nothing away from workers that come later', async (t) => {
  const { file, stamp } = stored(t);
  const { join } = await served(t, new FileBlob({ file, stamp }, 1000));
  rmSync(file);
  const { link, next } = await join('one');
  await link.send(WANT);
  const piece = await next();
  t.match(piece, { kind: 'data', first: 990 });
  t.same([...(piece as { payload?: Uint8Array }).payload!], Array<number>(10).fill(7));
});

t.test('another file in the place of the one that was looked at is not handed out', (t) => {
  const { file, stamp } = stored(t);
  writeFileSync(`${file}.other`, Buffer.alloc(1000, 8));
  renameSync(`${file}.other`, file);
  t.throws(() => new FileBlob({ file, stamp }, 1000), {
    code: 'DATA_FILE_UNREADABLE',
    message: /is not the file that it was/,
  });
  t.end();
});
