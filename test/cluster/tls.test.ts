import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { cli } from '../support/cli-process.js';
import type { TestCluster } from './cluster.js';
import { referenceRun } from './reference-run.js';

// Runs whose links are encrypted, with an authority of one's own and with one that the system trusts.
t.setTimeout(300_000);

const reference = await referenceRun(t);
const { folder, env } = reference;
const AUTHORITY = authority('authority');
const STRANGER = authority('stranger');
const GOOD = certificate('good', 'authority', 'IP:127.0.0.1');
const tlsFlags = ['--tls-cert', GOOD.cert, '--tls-key', GOOD.key];

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function authority(name: string): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2'];
  openssl('req', '-x509', ...key, ...out, '-subj', `/CN=${name}`);
  return join(folder, `${name}.pem`);
}

function certificate(name: string, by: string, names: string): { cert: string; key: string } {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=lockstep');
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
  const signed = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-days', '2'];
  const out = ['-extfile', `${name}.ext`, '-out', `${name}.pem`];
  openssl('x509', '-req', '-in', `${name}.csr`, ...signed, ...out);
  return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
}

/** Passes bytes on to a coordinator, and keeps all that it sees. */
async function wiretap(t: Test, url: string): Promise<{ url: string; seen: () => string }> {
  const chunks: Buffer[] = [];
  const port = Number(new URL(url).port);
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => chunks.push(chunk)).on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const tapped = new URL(url);
  tapped.port = String((server.address() as AddressInfo).port);
  return { url: tapped.href, seen: () => Buffer.concat(chunks).toString('latin1') };
}

/** A worker that joins through a wiretap, and one that does not: the peers' links are used, too. */
async function overheard(t: Test, flags: readonly string[], trust: readonly string[]) {
  let seen = (): string => '';
  await reference.inCluster(t, async (cluster: TestCluster) => {
    await cluster.coordinate('--expect-workers', '2', ...flags);
    const tapped = await wiretap(t, cluster.url);
    seen = tapped.seen;
    cluster.work('direct', '--threads', '1', ...trust);
    cluster.workAt(tapped.url, 'tapped', '--threads', '1', ...trust);
    await cluster.reached(5);
  });
  return seen();
}

void t.test('the same weights over links that cannot be read', async (t) => {
  const clear = await overheard(t, [], []);
  t.match(clear, /tapped/, 'in the clear, a wiretap reads the name of the worker …');
  t.match(clear, /Bearer [0-9a-f]{64}/, '… and the token');
  const encrypted = await overheard(t, tlsFlags, ['--tls-ca', AUTHORITY]);
  t.ok(encrypted.length > 1_000_000, 'all went through the wiretap');
  t.notMatch(encrypted, /tapped|Bearer|heartbeat|direct/);
});

void t.test('whom a worker trusts', async (t) => {
  const out = join(folder, 'trust');
  await reference.inCluster(t, async (cluster) => {
    await cluster.coordinate('--expect-workers', '1', ...tlsFlags);
    t.match(cluster.url, /^wss:/);
    const token = ['--token-file', cluster.tokenFile];
    const asked = async (url: string, ca: readonly string[], more: NodeJS.ProcessEnv = {}) =>
      cli(['status', url, ...token, ...ca], { env: { ...env, ...more } });
    const own = await asked(cluster.url, ['--tls-ca', AUTHORITY]);
    t.equal(own.status, 0, own.stderr);
    const system = await asked(cluster.url, [], { SSL_CERT_FILE: AUTHORITY });
    t.equal(system.status, 0, system.stderr);
    const stranger = await asked(cluster.url, ['--tls-ca', STRANGER]);
    t.match(stranger.stderr, /JOIN_UNTRUSTED[^]*--tls-ca/, 'signed by another authority');
    const nobody = await asked(cluster.url, []);
    t.match(nobody.stderr, /JOIN_UNTRUSTED/, 'signed by none that the system knows');
    const named = cluster.url.replace('127.0.0.1', 'localhost');
    const join = ['worker', '--join', named, ...token, '--tls-ca', AUTHORITY, '--wait', '0'];
    const elsewhere = await cli(join, { env });
    t.match(elsewhere.stderr, /JOIN_UNTRUSTED[^]*altnames/, 'another name');
    const clear = cluster.url.replace('wss:', 'ws:');
    const open = await asked(clear, []);
    t.match(open.stderr, /JOIN_FAILED.*wss:\/\//, 'an address in the clear says what is missing');
    cluster.work('one', '--threads', '2', '--tls-ca', AUTHORITY);
  });
  const bad = ['coordinator', '--model', 'mlp', '--out', out];
  const half = await cli([...bad, '--tls-cert', GOOD.cert], { env });
  t.match(half.stderr, /TLS_INVALID.*a certificate without key/);
  const pair = await cli([
    ...bad,
    '--tls-cert',
    GOOD.cert,
    '--tls-key',
    join(folder, 'stranger.key'),
  ]);
  t.match(pair.stderr, /TLS_INVALID.*is not that of the certificate/);
  const noPem = await cli([
    ...bad,
    '--tls-cert',
    reference.env['LOCKSTEP_CACHE']!,
    '--tls-key',
    GOOD.key,
  ]);
  t.match(noPem.stderr, /TLS_INVALID/);
});

void t.test('launch over TLS', async (t) => {
  const file = join(folder, 'cluster.json');
  const out = join(folder, 'launched');
  const train = { model: 'mlp', data: join(folder, 'data'), steps: 12, batchSize: 40, out };
  const coordinator = { tlsCert: 'good.pem', tlsKey: 'good.key', tlsCa: 'authority.pem' };
  writeFileSync(file, JSON.stringify({ coordinator, workers: [{}, { threads: 1 }], train }));
  const { status, stderr } = await cli(['launch', file], { env });
  t.equal(status, 0, stderr);
  t.match(readFileSync(join(out, 'summary.json'), 'utf8'), /"weightsDigest"/);
});
