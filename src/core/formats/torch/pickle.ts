/**
 * Reads the pickles inside PyTorch files (the opcodes of protocol 2 that torch.save writes, and those of protocol 4 that
 * replace them). Builds plain records only: a name is looked up in a closed list (names.ts) and stands for something built
 * here, so that nothing a file says is ever executed. What a pickle can cost is bounded before it is read: its length, the
 * number of instructions, the length of names, the places of the memo.
 */
import { FormatError } from '../bytes.ts';
import { decodeText } from '../text.ts';
import { quote } from '../words.ts';
import { Builder, createTuple, type Item, type StorageRef } from './build.ts';
import { checkGraph } from './graph.ts';
import type { TorchTensor, TorchValue } from './types.ts';

/** A pickle holds names and shapes, about 150 bytes a tensor; larger ones are something else. */
export const MAX_PICKLE_BYTES = 8 * 2 ** 20;
/** Each makes at most one small object. */
const MAX_OPERATIONS = 2_000_000;
/** Writers count the memo up from 0, one place per object. */
const MAX_MEMO_INDEX = MAX_OPERATIONS;
const MAX_NAME_BYTES = 256;

export interface Unpickled {
  value: TorchValue;
  storages: Map<string, StorageRef>;
  /** Tensors whose `storage` is still to be set, with their storage's key. */
  tensors: { tensor: TorchTensor; key: string }[];
  /** Bytes read, the STOP included. */
  length: number;
}

const MARK: Item = { inner: 'mark' };

/** Names of instructions that are known and not followed, for sentences. */
// prettier-ignore
const REFUSED: Record<number, string> = {
  0x69: 'INST', 0x6f: 'OBJ', 0x50: 'PERSID', 0x82: 'EXT1', 0x83: 'EXT2', 0x84: 'EXT4', 0x92: 'NEWOBJ_EX', 0x97: 'NEXT_BUFFER',
  0x98: 'READONLY_BUFFER', 0x8f: 'EMPTY_SET', 0x90: 'ADDITEMS', 0x91: 'FROZENSET', 0x42: 'BINBYTES', 0x43: 'SHORT_BINBYTES',
  0x8e: 'BINBYTES8', 0x96: 'BYTEARRAY8', 0x54: 'BINSTRING', 0x55: 'SHORT_BINSTRING', 0x53: 'STRING', 0x49: 'INT', 0x4c: 'LONG',
  0x46: 'FLOAT', 0x56: 'UNICODE', 0x67: 'GET', 0x70: 'PUT', 0x8b: 'LONG4', 0x64: 'DICT', 0x6c: 'LIST', 0x31: 'POP_MARK', 0x32: 'DUP',
};

/**
 * Reads one pickle.
 * @param bytes may go on after it
 * @param name the file's, for sentences
 * @throws FormatError with one sentence
 */
export function unpickle(bytes: Uint8Array<ArrayBuffer>, name: string): Unpickled {
  return new Unpickler(bytes, name).run();
}

class Unpickler {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #name: string;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Item>();
  readonly #builder: Builder;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = quote(name);
    this.#builder = new Builder((how) => this.#refuse(how), this.#name);
  }

  run(): Unpickled {
    if (this.#byte() !== 0x80) throw this.#refuse('does not begin as pickles do');
    const protocol = this.#byte();
    if (protocol < 2 || protocol > 5) throw this.#refuse(`is of protocol ${protocol}; 2 to 5 are known`);
    for (let operations = 1; operations <= MAX_OPERATIONS; operations++) {
      const opcode = this.#byte();
      if (opcode === 0x2e) return this.#finish();
      this.#follow(opcode);
    }
    throw this.#refuse(`has more than ${MAX_OPERATIONS} instructions, which no file of weights needs`);
  }

  #finish(): Unpickled {
    const value = this.#pop();
    if (this.#stack.length > 0) throw this.#refuse(`leaves ${this.#stack.length} things over at its end`);
    const { storages, tensors } = this.#builder;
    return { value: checkGraph(value, (how) => this.#refuse(how)), storages, tensors, length: this.#at };
  }

  /** What each instruction does. */
  static readonly #INSTRUCTIONS: Readonly<Record<number, (m: Unpickler) => unknown>> = {
    [0x28]: (m) => m.#push(MARK), // MARK
    [0x30]: (m) => m.#pop(), // POP
    [0x4e]: (m) => m.#push(null), // NONE
    [0x88]: (m) => m.#push(true), // NEWTRUE
    [0x89]: (m) => m.#push(false), // NEWFALSE
    [0x4a]: (m) => m.#push(m.#view.getInt32(m.#take(4), true)), // BININT
    [0x4b]: (m) => m.#push(m.#byte()), // BININT1
    [0x4d]: (m) => m.#push(m.#view.getUint16(m.#take(2), true)), // BININT2
    [0x8a]: (m) => m.#push(m.#readLong(m.#byte())), // LONG1
    [0x47]: (m) => m.#push(m.#view.getFloat64(m.#take(8), false)), // BINFLOAT
    [0x58]: (m) => m.#push(m.#text(m.#view.getUint32(m.#take(4), true))), // BINUNICODE
    [0x8c]: (m) => m.#push(m.#text(m.#byte())), // SHORT_BINUNICODE
    [0x8d]: (m) => m.#push(m.#text(m.#readLength8())), // BINUNICODE8
    [0x7d]: (m) => m.#push(new Map()), // EMPTY_DICT
    [0x5d]: (m) => m.#push([]), // EMPTY_LIST
    [0x29]: (m) => m.#push(createTuple([])), // EMPTY_TUPLE
    [0x85]: (m) => m.#push(createTuple(m.#popMany(1))), // TUPLE1
    [0x86]: (m) => m.#push(createTuple(m.#popMany(2))), // TUPLE2
    [0x87]: (m) => m.#push(createTuple(m.#popMany(3))), // TUPLE3
    [0x74]: (m) => m.#push(createTuple(m.#popToMark())), // TUPLE
    [0x61]: (m) => m.#builder.append(m.#popMany(1), m.#top()), // APPEND
    [0x65]: (m) => m.#builder.append(m.#popToMark(), m.#top()), // APPENDS
    [0x73]: (m) => m.#builder.setItems(m.#popMany(2), m.#top()), // SETITEM
    [0x75]: (m) => m.#builder.setItems(m.#popToMark(), m.#top()), // SETITEMS
    [0x71]: (m) => m.#put(m.#byte()), // BINPUT
    [0x72]: (m) => m.#put(m.#view.getUint32(m.#take(4), true)), // LONG_BINPUT
    [0x94]: (m) => m.#put(m.#memo.size), // MEMOIZE
    [0x68]: (m) => m.#get(m.#byte()), // BINGET
    [0x6a]: (m) => m.#get(m.#view.getUint32(m.#take(4), true)), // LONG_BINGET
    [0x95]: (m) => m.#checkFrame(m.#readLength8()), // FRAME: where the following instructions end
    [0x63]: (m) => m.#push(m.#builder.name(m.#line(), m.#line())), // GLOBAL
    [0x93]: (m) => m.#two((module, name) => m.#builder.name(module, name)), // STACK_GLOBAL
    [0x51]: (m) => m.#push(m.#builder.storage(m.#pop())), // BINPERSID
    [0x52]: (m) => m.#two((callable, args) => m.#builder.reduce(callable, args)), // REDUCE
    [0x81]: (m) => m.#two((type, args) => m.#builder.newObject(type, args)), // NEWOBJ
    [0x62]: (m) => m.#two((object, state) => m.#builder.build(object, state)), // BUILD
  };

  #follow(opcode: number): void {
    const instruction = Unpickler.#INSTRUCTIONS[opcode];
    if (instruction) return void instruction(this);
    const known = REFUSED[opcode];
    if (known) throw this.#refuse(`uses the instruction ${known}, which no file of weights needs`);
    throw this.#refuse(
      `holds the unknown instruction 0x${opcode.toString(16).padStart(2, '0')} at byte ${this.#at - 1}; it is damaged or no pickle`,
    );
  }

  // --- bytes

  /** @returns where the `count` bytes begin */
  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) {
      if (this.#bytes.length >= MAX_PICKLE_BYTES)
        throw this.#refuse(`goes on beyond ${MAX_PICKLE_BYTES} bytes, far more than weights need`);
      throw this.#refuse('ends in the middle of an instruction, or without STOP; it was probably cut off');
    }
    this.#at += count;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)];
  }

  #text(length: number): string {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw this.#refuse(`announces a text of ${length} bytes where ${left} are left`);
    const at = this.#take(length);
    return decodeText(this.#bytes.subarray(at, at + length));
  }

  #readLength8(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  /** Of no use when all instructions are at hand, but a length that cannot be true says that the file is not whole. */
  #checkFrame(length: number): void {
    const left = this.#bytes.length - this.#at;
    if (length <= left || this.#bytes.length >= MAX_PICKLE_BYTES) return;
    throw this.#refuse(`announces a frame of ${length} bytes where ${left} are left; it was probably cut off`);
  }

  /** Two's complement, little-endian. */
  #readLong(length: number): number | bigint {
    const at = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i]);
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  #line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_NAME_BYTES).indexOf(0x0a);
    if (end < 0) throw this.#refuse('holds a name that does not end');
    return this.#text(end + 1).slice(0, -1);
  }

  // --- stack and memo

  #push(item: Item): void {
    this.#stack.push(item);
  }

  #pop(): Item {
    const item = this.#stack.pop();
    if (item === undefined) throw this.#refuse('takes from an empty stack');
    if (item === MARK) throw this.#refuse('takes the beginning of a group for a value');
    return item;
  }

  /** In the order they were pushed. */
  #popMany(count: number): Item[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): Item[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#refuse('closes a group that was not opened');
    return this.#stack.splice(mark).slice(1);
  }

  /** Puts one thing in the place of two. */
  #two(make: (lower: Item, upper: Item) => Item): void {
    const [lower, upper] = this.#popMany(2);
    this.#push(make(lower, upper));
  }

  #top(): Item {
    const top = this.#stack.at(-1);
    if (top === undefined) throw this.#refuse('takes from an empty stack');
    if (top === MARK) throw this.#refuse('takes the beginning of a group for a value');
    return top;
  }

  #put(index: number): void {
    if (index > MAX_MEMO_INDEX) throw this.#refuse(`puts something at place ${index} of its memory; real files count up from 0`);
    this.#memo.set(index, this.#top());
  }

  #get(index: number): void {
    const item = this.#memo.get(index);
    if (item === undefined) throw this.#refuse(`asks for place ${index} of its memory, where nothing was put`);
    this.#push(item);
  }

  #refuse(how: string): FormatError {
    return new FormatError(`The pickle in ${this.#name} ${how}. Get another copy of the file.`);
  }
}
