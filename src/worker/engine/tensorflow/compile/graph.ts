/** A TensorFlow graph as plain data, and the file that TensorFlow loads. */
import { Message } from './protobuf.js';

/** TensorFlow's numbers of element types; those of its C interface and its files are the same. */
export const TYPE = { float32: 1, int32: 3, uint8: 4, int64: 9, bool: 10 } as const;

/** TensorFlow's numbers of kinds of attributes, as the binding passes them. */
export const KIND = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: string | number | boolean | readonly number[] | readonly boolean[];
}

export interface GraphConstant {
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of outputs of nodes that stand before: `name` or `name:index`. */
  readonly inputs: readonly string[];
  readonly attributes: readonly Attribute[];
  /** Of a Const. */
  readonly constant?: GraphConstant;
  /** Of a Placeholder: −1 is a size that is not fixed. */
  readonly placeholder?: { readonly type: number; readonly shape: readonly number[] };
}

/**
 * The bytes of saved_model.pb: the same for the same nodes. `device`: TensorFlow's name of the one
 * that all of them are to run on; null: it is left to TensorFlow.
 */
export function savedModel(nodes: readonly GraphNode[], device: string | null = null): Uint8Array {
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeMessage(node, device));
  graph.message(4, new Message().int(1, PRODUCER));
  const about = new Message().text(4, 'serve');
  const meta = new Message().message(1, about).message(2, graph);
  return new Message().int(1, 1).message(2, meta).encode();
}

/** Graph version that the file claims: of TensorFlow 2.20, known to all later ones. */
const PRODUCER = 2000;

function nodeMessage(node: GraphNode, device: string | null): Message {
  const message = new Message().text(1, node.name).text(2, node.op);
  for (const input of node.inputs) message.text(3, input);
  if (device !== null) message.text(4, device);
  const put = (name: string, value: Message) => {
    message.message(5, new Message().text(1, name).message(2, value));
  };
  for (const attribute of node.attributes) put(attribute.name, attributeMessage(attribute));
  if (node.constant) {
    const { type, shape, bytes } = node.constant;
    const tensor = new Message().int(1, type).message(2, shapeMessage(shape)).bytes(4, bytes);
    put('dtype', new Message().int(6, type));
    put('value', new Message().message(8, tensor));
  }
  if (node.placeholder) {
    put('dtype', new Message().int(6, node.placeholder.type));
    put('shape', new Message().message(7, shapeMessage(node.placeholder.shape)));
  }
  return message;
}

function attributeMessage({ type, value }: Attribute): Message {
  const message = new Message();
  if (type === KIND.shape) return message.message(7, shapeMessage(value as readonly number[]));
  if (Array.isArray(value)) {
    const list = new Message();
    for (const element of value as readonly (number | boolean)[]) scalar(list, type, element);
    return message.message(1, list);
  }
  return scalar(message, type, value as string | number | boolean);
}

function scalar(message: Message, type: number, value: string | number | boolean): Message {
  if (type === KIND.string) return message.text(2, String(value));
  if (type === KIND.float) return message.float(4, Number(value));
  return message.int({ [KIND.int]: 3, [KIND.bool]: 5, [KIND.type]: 6 }[type]!, Number(value));
}

function shapeMessage(shape: readonly number[]): Message {
  const message = new Message();
  for (const size of shape) message.message(2, new Message().int(1, size));
  return message;
}
