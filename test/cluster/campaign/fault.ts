/** What may befall a process of a cluster, and where: told to it in $CAMPAIGN_FAULTS, as JSON. */
export type Place =
  /** Around a frame of this kind that is sent, or before it is read. */
  | { readonly at: 'before-send' | 'after-send' | 'receive'; readonly what: string }
  /** Before the coordinator does this to a file. */
  | { readonly at: 'file'; readonly what: 'write' | 'sync' | 'rename' };

export type Deed =
  /** SIGKILL. */
  | 'kill'
  /** SIGSTOP, and SIGCONT after `millis`. */
  | 'stop'
  /** The connection is cut; or half of the frame is sent, and then it is. */
  | 'cut'
  | 'cut-inside'
  /** One bit of the frame is another. */
  | 'corrupt'
  /** The frame is sent twice, or not at all. */
  | 'double'
  | 'lose'
  /** Nothing goes over this connection for `millis`. */
  | 'silence'
  /** The disk is full for `millis`. */
  | 'full';

export type Fault = Place & {
  /** The how manieth time, from 1. */
  readonly nth: number;
  readonly does: Deed;
  readonly millis: number;
};

/** A fault that has struck: a line of $CAMPAIGN_LOG, as JSON. */
export interface Strike {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A worker's name, or `coordinator`. */
  readonly who: string;
  /** Of the process, from 0: how often it has been started before. */
  readonly life: number;
  readonly place: string;
  readonly does: Deed;
}

export const COORDINATOR = 'coordinator';

export const placeOf = (fault: Place): string => `${fault.at} ${fault.what}`;
