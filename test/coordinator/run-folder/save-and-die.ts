/** Saves steps 1 and 2, then is killed at the named point of saving step 3. */
import { CheckpointStore } from '#src/coordinator/run-folder/checkpoint-store.js';

const [folder, point] = process.argv.slice(2) as [string, string];
let step = 1;
const store = new CheckpointStore(folder, 2, (name) => {
  if (step === 3 && name === point) process.kill(process.pid, 'SIGKILL');
});
await store.prepare();
for (; step <= 3; step++) {
  await store.save({
    step,
    epoch: 1,
    identity: {},
    digests: {},
    state: {},
    sections: new Map([
      ['weights', new Uint8Array(new Float32Array(1000).fill(step).buffer)],
      ['seen', new Uint8Array(100)],
    ]),
  });
}
