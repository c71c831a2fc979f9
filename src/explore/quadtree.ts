/** Points closer than the box's side / 2^this share a leaf. */
const DEEPEST = 32;

/** Points of the plane in a tree of squares, each with its number of points and their centre. */
export class Quadtree {
  readonly #points: Float64Array;
  readonly #children: number[] = []; // [cells, 4]; 0: none
  readonly #mass: number[] = [];
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  readonly #side: number[] = [];
  /** The point of a leaf; −1 in cells that have children. */
  readonly #point: number[] = [];
  readonly #leafOf: Int32Array;
  readonly #stack: number[] = [];

  /** `points`: [n, 2]. */
  constructor(points: Float64Array) {
    this.#points = points;
    this.#leafOf = new Int32Array(points.length / 2);
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
      left = Math.min(left, points[i]!);
      right = Math.max(right, points[i]!);
      top = Math.min(top, points[i + 1]!);
      bottom = Math.max(bottom, points[i + 1]!);
    }
    const side = Math.max(right - left, bottom - top) * 1.0001 + 1e-12;
    this.#cell(side);
    for (let i = 0; i < points.length / 2; i++) this.#insert(i, left, top, side);
  }

  #cell(side: number): number {
    this.#children.push(0, 0, 0, 0);
    this.#x.push(0);
    this.#y.push(0);
    this.#point.push(-1);
    this.#side.push(side);
    return this.#mass.push(0) - 1;
  }

  #insert(i: number, left: number, top: number, whole: number): void {
    const [x, y] = [this.#points[2 * i]!, this.#points[2 * i + 1]!];
    let [cell, side, originX, originY] = [0, whole, left, top];
    for (let depth = 0; ; depth++) {
      const before = this.#mass[cell]!;
      const other = this.#point[cell]!;
      this.#mass[cell] = before + 1;
      this.#x[cell]! += (x - this.#x[cell]!) / (before + 1);
      this.#y[cell]! += (y - this.#y[cell]!) / (before + 1);
      if (before === 0 || depth === DEEPEST) {
        if (before === 0) this.#point[cell] = i;
        this.#leafOf[i] = cell;
        return;
      }
      const half = side / 2;
      const quarter = (px: number, py: number): number =>
        (px >= originX + half ? 1 : 0) + (py >= originY + half ? 2 : 0);
      if (other >= 0) {
        // The point that was alone here goes one level down.
        const [otherX, otherY] = [this.#points[2 * other]!, this.#points[2 * other + 1]!];
        const child = this.#childAt(cell, quarter(otherX, otherY), half);
        this.#mass[child] = 1;
        this.#x[child] = otherX;
        this.#y[child] = otherY;
        this.#point[child] = other;
        this.#leafOf[other] = child;
        this.#point[cell] = -1;
      }
      const q = quarter(x, y);
      cell = this.#childAt(cell, q, half);
      if (q & 1) originX += half;
      if (q & 2) originY += half;
      side = half;
    }
  }

  #childAt(cell: number, quarter: number, side: number): number {
    const place = cell * 4 + quarter;
    return (this.#children[place]! ||= this.#cell(side));
  }

  /**
   * Adds Σ q² (yᵢ − yⱼ) over all others to `force`, q = 1 / (1 + |yᵢ − yⱼ|²), and returns Σ q. A
   * square whose side is below `theta` times its distance counts as one point.
   */
  repulsion(i: number, theta: number, force: Float64Array): number {
    const [x, y] = [this.#points[2 * i]!, this.#points[2 * i + 1]!];
    const stack = this.#stack;
    let sum = 0;
    stack.push(0);
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      const [dx, dy] = [x - this.#x[cell]!, y - this.#y[cell]!];
      const squared = dx * dx + dy * dy;
      const side = this.#side[cell]!;
      const first = cell * 4;
      const children = this.#children;
      const leaf =
        !children[first] && !children[first + 1] && !children[first + 2] && !children[first + 3];
      if (!leaf && side * side >= theta * theta * squared) {
        for (let k = first; k < first + 4; k++) if (children[k]) stack.push(children[k]!);
        continue;
      }
      const own = leaf && this.#leafOf[i] === cell ? 1 : 0;
      const q = 1 / (1 + squared);
      const weight = (this.#mass[cell]! - own) * q;
      sum += weight;
      force[0]! += weight * q * dx;
      force[1]! += weight * q * dy;
    }
    return sum;
  }
}
