/**
 * What several classifiers say together. Their probabilities are float32 [samples, classes] each,
 * of the same samples in the same order; so is the answer.
 */

/** The mean of the probabilities. */
export function average(members: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(members[0]!.length);
  for (let i = 0; i < mean.length; i++) {
    let sum = 0;
    for (const member of members) sum += member[i]!;
    mean[i] = sum / members.length;
  }
  return mean;
}

/**
 * The share of the members that a class is the likeliest for. Where classes have equally many
 * votes, the one that is likelier on average among them is put before the others by less than a
 * vote: half a vote, taken off the others, so that the shares still add up to 1.
 */
export function vote(members: readonly Float32Array[], classes: number): Float32Array {
  const mean = average(members);
  const shares = new Float32Array(mean.length);
  for (let first = 0; first < mean.length; first += classes) {
    const votes = new Array<number>(classes).fill(0);
    for (const member of members) votes[likeliest(member, first, classes)]! += 1;
    const most = Math.max(...votes);
    const tied = votes.flatMap((count, c) => (count === most ? [c] : []));
    if (tied.length > 1) {
      const winner = tied.reduce((a, b) => (mean[first + b]! > mean[first + a]! ? b : a));
      for (const c of tied) votes[c]! += c === winner ? 0.5 : -0.5 / (tied.length - 1);
    }
    votes.forEach((count, c) => (shares[first + c] = count / members.length));
  }
  return shares;
}

/** The class of the greatest probability, the first of equals. */
export function likeliest(
  probabilities: ArrayLike<number>,
  first: number,
  classes: number,
): number {
  let best = 0;
  for (let c = 1; c < classes; c++) {
    if (probabilities[first + c]! > probabilities[first + best]!) best = c;
  }
  return best;
}

/** All that the members say of a sample side by side: float64 [samples, members · classes]. */
export function sideBySide(members: readonly Float32Array[], classes: number): Float64Array {
  const width = members.length * classes;
  const samples = members[0]!.length / classes;
  const features = new Float64Array(samples * width);
  members.forEach((member, m) => {
    for (let i = 0; i < samples; i++) {
      for (let c = 0; c < classes; c++) {
        features[i * width + m * classes + c] = member[i * classes + c]!;
      }
    }
  });
  return features;
}
