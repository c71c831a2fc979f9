import type { RunSummary } from '../shared/run-events.js';
import type { SocketAddress } from '../shared/link/socket-address.js';
import { readCertificate, type Certificate } from '../shared/link/tls.js';
import { Trainer } from '../worker/trainer.js';
import { openFolder, openTrace, refuseIfAborted, SILENT, tellChoices } from './begin.js';
import { ClusterRun, type ClusterOptions } from './cluster-run.js';
import { tokenOf } from './cluster-token.js';
import { interrupted, saveTrained, summarize } from './conclude.js';
import { prepareRun, trainerSetup, withProbeRow, type PreparedRun } from './prepare-run.js';
import { takeUp } from './take-up.js';
import type { TrainInput } from './train.js';
import type { RunTrace } from '../coordinator/trace/run-trace.js';

export type CoordinateInput = Omit<TrainInput, 'threadHook'> & {
  readonly cluster: Omit<ClusterOptions, 'token' | 'tls'> & {
    /** null: a file in the run's folder, made where there is none. */
    readonly tokenFile: string | null;
    /** PEM files of a certificate and its key; null: links are not encrypted. */
    readonly tlsCert: string | null;
    readonly tlsKey: string | null;
  };
  /** Told where workers may join. */
  readonly onListening: (place: ListeningPlace) => void;
};

export interface ListeningPlace {
  readonly address: SocketAddress;
  readonly tokenFile: string;
  /** null: links are not encrypted. */
  readonly certificate: Certificate | null;
  /** Whether the run has come to its end, and its workers with it. */
  readonly isOver: () => boolean;
}

/**
 * Trains a model on workers that join over the network, or goes on with a run (`resume`): shares
 * the work out, keeps the folder, computes nothing itself. Resolves with what summary.json holds.
 * Throws as `train` does, and LISTEN_FAILED, TOKEN_INVALID, TLS_INVALID, RUN_TOO_FEW_WORKERS.
 */
export async function coordinate(input: CoordinateInput): Promise<RunSummary> {
  const began = performance.now();
  const { observer: told = SILENT, signal, onDataProgress, cluster, onListening, ...rest } = input;
  const notice = told.notice.bind(told);
  const { tlsCert, tlsKey, ...options } = cluster;
  const certificate = await readCertificate(tlsCert, tlsKey);
  const prepared = await prepareRun(rest, { onNotice: notice, onProgress: onDataProgress });
  refuseIfAborted(signal);
  tellChoices(prepared, notice);
  const folder = await openFolder(prepared, rest.out === undefined, notice);
  let trace: RunTrace | null = null;
  try {
    trace = await openTrace(prepared, notice);
    const observer = trace?.watching(told) ?? told;
    const { token, path: tokenFile } = await tokenOf(cluster.tokenFile, folder.path);
    const run = await withProbe(prepared);
    const taken = await takeUp(run, folder, observer);
    const clusterRun = await ClusterRun.begin(run, folder, taken, observer, trace, {
      ...options,
      token,
      tls: certificate,
    });
    onListening({
      address: clusterRun.address,
      tokenFile,
      certificate,
      isOver: () => clusterRun.isOver,
    });
    const setupSeconds = (performance.now() - began) / 1000;
    const conclusion = await clusterRun.finish(signal);
    if (conclusion === null) throw interrupted(folder.path);
    await saveTrained(run, conclusion, folder);
    const summary = summarize(run, folder.path, conclusion, began, setupSeconds, clusterRun);
    await folder.writeSummary(summary);
    observer.finished(summary);
    return summary;
  } finally {
    await trace?.close();
    await folder.close();
  }
}

/** A trainer of this machine, for the probe row alone. */
async function withProbe(run: PreparedRun): Promise<PreparedRun> {
  const trainer = await Trainer.open({
    ...trainerSetup({ ...run, config: { ...run.config, threads: 1 } }),
    keepBytes: 0,
    predicts: false,
    onRepair: () => undefined,
    hook: null,
  });
  try {
    return await withProbeRow(run, trainer);
  } finally {
    await trainer.close();
  }
}
