/** In virtual milliseconds. */
export const TIMES = {
  heartbeat: 20,
  member: { retryMillis: 60, unreachableMillis: 150, coordinatorLostMillis: 4000 },
  coordinator: {
    heartbeatMillis: 20,
    helloMillis: 120,
    deadMillis: 200,
    stallMillis: 400,
    pauseMillis: 1500,
    stuckMillis: 6000,
    backOffMillis: 50,
    relayMillis: 300,
    admitMillis: 60,
  },
} as const;
