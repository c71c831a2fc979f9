/** The binding to TensorFlow's library that `lockstep engine install tensorflow` compiles. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  /** Returns the tensor's id. The array stays the tensor's memory until it is deleted. */
  createTensor(
    shape: readonly number[],
    type: number,
    values: Float32Array | Int32Array | Uint8Array,
  ): number;
  deleteTensor(id: number): void;
  /** Runs one operation at once. */
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): readonly { readonly id: number; readonly shape: readonly number[]; readonly dtype: number }[];
  /** Copies a tensor into an array of its type and length, which may be shared memory. */
  copyTensorData(id: number, into: Float32Array | Int32Array | Uint8Array): void;
  /** A copy of a tensor. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  /** Returns an id; `tags`: `serve`. */
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** Names are those of outputs of nodes with their index, joined by commas. */
  runSavedModel(
    id: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): readonly { readonly id: number; readonly shape: readonly number[]; readonly dtype: number }[];
  isUsingGpuDevice(): boolean;
  /** TensorFlow's names of all devices, such as `/job:localhost/replica:0/task:0/device:CPU:0`. */
  listDevices(): readonly string[];
  /**
   * From now on, in this thread, single operations run on that device, and what `createTensor` is
   * given goes there; on the first processor before. Graphs have devices of their own.
   */
  useDevice(name: string): void;
  /** Tensors that were made by this thread and not deleted. */
  getNumOfTensors(): number;
}

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}
