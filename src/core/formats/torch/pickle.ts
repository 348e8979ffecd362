/**
 * Reads the pickles inside PyTorch files (the opcodes of protocol 2 that torch.save writes, and those of protocol 4 that
 * replace them). Builds plain records only: a name is looked up in a closed list (names.ts) and stands for something built
 * here, so that nothing a file says is ever executed. What a pickle can cost is bounded before it is read: its length, the
 * number of instructions, the length of names, the places of the memo.
 */
import { FormatError } from '../bytes.ts';
import { decodeText, quote } from '../text.ts';
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

  #follow(opcode: number): void {
    switch (opcode) {
      case 0x28: // MARK
        return this.#push(MARK);
      case 0x30: // POP
        return void this.#pop();
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4a: // BININT
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case 0x4b: // BININT1
        return this.#push(this.#byte());
      case 0x4d: // BININT2
        return this.#push(this.#view.getUint16(this.#take(2), true));
      case 0x8a: // LONG1
        return this.#push(this.#readLong(this.#byte()));
      case 0x47: // BINFLOAT
        return this.#push(this.#view.getFloat64(this.#take(8), false));
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#view.getUint32(this.#take(4), true)));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#byte()));
      case 0x8d: // BINUNICODE8
        return this.#push(this.#text(this.#readLength8()));
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x5d: // EMPTY_LIST
        return this.#push([]);
      case 0x29: // EMPTY_TUPLE
        return this.#push(createTuple([]));
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(createTuple(this.#popMany(opcode - 0x84)));
      case 0x74: // TUPLE
        return this.#push(createTuple(this.#popToMark()));
      case 0x61: // APPEND
        return this.#builder.append(this.#popMany(1), this.#top());
      case 0x65: // APPENDS
        return this.#builder.append(this.#popToMark(), this.#top());
      case 0x73: // SETITEM
        return this.#builder.setItems(this.#popMany(2), this.#top());
      case 0x75: // SETITEMS
        return this.#builder.setItems(this.#popToMark(), this.#top());
      case 0x71: // BINPUT
        return this.#put(this.#byte());
      case 0x72: // LONG_BINPUT
        return this.#put(this.#view.getUint32(this.#take(4), true));
      case 0x94: // MEMOIZE
        return this.#put(this.#memo.size);
      case 0x68: // BINGET
        return this.#get(this.#byte());
      case 0x6a: // LONG_BINGET
        return this.#get(this.#view.getUint32(this.#take(4), true));
      case 0x95: // FRAME: where the following instructions end; of no use when all of them are at hand
        return void this.#readLength8();
      case 0x63: // GLOBAL
        return this.#push(this.#builder.name(this.#line(), this.#line()));
      case 0x93: // STACK_GLOBAL
        return this.#two((module, name) => this.#builder.name(module, name));
      case 0x51: // BINPERSID
        return this.#push(this.#builder.storage(this.#pop()));
      case 0x52: // REDUCE
        return this.#two((callable, args) => this.#builder.reduce(callable, args));
      case 0x81: // NEWOBJ
        return this.#two((type, args) => this.#builder.newObject(type, args));
      case 0x62: // BUILD
        return this.#two((object, state) => this.#builder.build(object, state));
    }
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
