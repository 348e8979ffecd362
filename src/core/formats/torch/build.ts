/** Makes the records a pickle describes: storages, tensors, dicts, objects of listed classes. Knows nothing of bytes. */
import { FormatError, type BlobLike } from '../bytes.ts';
import { quote } from '../words.ts';
import { explainRefusal, lookUp, type Known } from './names.ts';
import { TORCH_DTYPE_BYTES, type TorchDtype, type TorchKey, type TorchObject, type TorchTensor, type TorchValue } from './types.ts';

/** A storage that a pickle speaks of; its bytes are found afterwards. */
export interface StorageRef {
  key: string;
  dtype: TorchDtype;
  /** Elements. */
  count: number;
}

/** Things a pickle handles on the way to a value. */
type Inner = { inner: 'mark' } | { inner: 'name'; known: Known; module: string; name: string } | { inner: 'storage'; ref: StorageRef };

/** Lists and dicts may hold inner things until graph.ts has looked through the whole. */
export type Item = TorchValue | Inner;

/** PyTorch allows 64; weights have at most 4. */
const MAX_DIMENSIONS = 16;
/** Entries that single instructions copy into dicts and objects, all together; a file of weights copies a few hundred. */
const MAX_COPIED = 1_000_000;

export class Builder {
  readonly storages = new Map<string, StorageRef>();
  /** Tensors whose `storage` is still to be set. */
  readonly tensors: { tensor: TorchTensor; key: string }[] = [];
  readonly #refuse: (how: string) => FormatError;
  readonly #file: string;
  #copied = 0;

  /**
   * @param refuse makes an error of the end of a sentence
   * @param file its name as it may stand in a sentence
   */
  constructor(refuse: (how: string) => FormatError, file: string) {
    this.#refuse = refuse;
    this.#file = file;
  }

  /** @throws FormatError for a name that is not on the list, used or not */
  name(module: Item, name: Item): Item {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#refuse('makes a name of something that is no text');
    const known = lookUp(module, name);
    if (!known) throw new FormatError(`${this.#file} asks for ${quote(`${module}.${name}`)}: ${explainRefusal(module, name)}.`);
    return known.is === 'text' ? known.text : { inner: 'name', known, module, name };
  }

  /** @param id ("storage", type, key, location, elements), in the old container with a sixth entry for views */
  storage(id: Item): Item {
    const parts: readonly Item[] = isTuple(id) ? id : [];
    const [kind, type, key, location, count, view = null] = parts;
    if (parts.length < 5 || parts.length > 6 || kind !== 'storage' || typeof location !== 'string') {
      throw this.#refuse('points to something outside itself that is no storage');
    }
    const known = asName(type);
    if (known?.is !== 'storage') throw this.#refuse('names a storage without saying what kind of numbers it holds');
    if (typeof key !== 'string' || !/^\d{1,20}$/.test(key)) {
      throw this.#refuse(`names the storage ${show(key)}; storages are called by numbers`);
    }
    if (!isSize(count)) throw this.#refuse(`gives storage ${key} ${show(count)} elements, which cannot be`);
    if (view !== null)
      throw this.#refuse(`makes storage ${key} a view of another, which is not read. Save the file again with a newer PyTorch`);
    return { inner: 'storage', ref: this.#register({ key, dtype: known.dtype, count }) };
  }

  #register(ref: StorageRef): StorageRef {
    const before = this.storages.get(ref.key);
    if (before && (before.dtype !== ref.dtype || before.count !== ref.count))
      throw this.#refuse(`describes storage ${ref.key} in two ways`);
    this.storages.set(ref.key, before ?? ref);
    return before ?? ref;
  }

  reduce(callable: Item, args: Item): Item {
    const known = asName(callable);
    if (!known || !isTuple(args)) throw this.#refuse('calls something that is not on the list of names');
    if (known.is === 'dict') return this.#makeDict(args);
    if (known.is === 'rebuild') return known.as === 'tensor' ? this.#makeTensor(args) : this.#makeParameter(args);
    if (known.is === 'size' && args.length === 1 && Array.isArray(args[0])) return args[0] as TorchValue;
    if (known.is === 'device' && args.length <= 2 && typeof args[0] === 'string') return args.map(show).join(':');
    throw this.#refuse(`uses ${(callable as { name: string }).name} in a way that is not known`);
  }

  #makeDict(args: readonly Item[]): Item {
    const dict = new Map<TorchKey, TorchValue>();
    const [pairs] = args;
    if (args.length > 1 || (args.length === 1 && !Array.isArray(pairs))) throw this.#refuse('fills a dict in a way that is not known');
    const entries = (pairs ?? []) as Item[];
    this.#countCopies(entries.length);
    for (const pair of entries) {
      if (!Array.isArray(pair) || pair.length !== 2) throw this.#refuse('fills a dict in a way that is not known');
      this.setItems(pair as Item[], dict);
    }
    return dict;
  }

  #makeParameter(args: readonly Item[]): Item {
    const [tensor] = args;
    if (!isRecord(tensor, 'tensor')) throw this.#refuse('makes a parameter of something that is no tensor');
    return tensor;
  }

  /** @param args storage, offset, shape, strides, then what only training needs */
  #makeTensor(args: readonly Item[]): TorchTensor {
    const [storage, offset, shape, strides] = args;
    if (args.length < 4 || !isInner(storage) || storage.inner !== 'storage') throw this.#refuse('makes a tensor without a storage');
    const { ref } = storage;
    if (!isSize(offset)) throw this.#refuse(`begins a tensor at element ${show(offset)} of storage ${ref.key}, which cannot be`);
    if (!isSizes(shape)) throw this.#refuse(`gives a tensor a shape (${describe(shape)}) that cannot be`);
    if (!isSizes(strides) || strides.length !== shape.length)
      throw this.#refuse(`gives a tensor strides (${describe(strides)}) that cannot be`);
    this.#checkReach(ref, offset, shape, strides);
    const tensor: TorchTensor = {
      kind: 'tensor',
      dtype: ref.dtype,
      shape,
      strides,
      offset,
      storage: NOWHERE,
      verify: () => Promise.resolve(),
    };
    this.tensors.push({ tensor, key: ref.key });
    return tensor;
  }

  #checkReach(ref: StorageRef, offset: number, shape: readonly number[], strides: readonly number[]): void {
    const elements = shape.reduce((n, size) => n * size, 1);
    // Products beyond 2^53 are inexact but stay far above every count.
    if (elements > ref.count) {
      throw this.#refuse(`makes a tensor of ${elements} numbers (${describe(shape)}) from a storage of ${ref.count}`);
    }
    const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i], offset);
    if (elements > 0 && last >= ref.count) {
      throw this.#refuse(`makes a tensor (${describe(shape)}, strides ${describe(strides)}) that reaches past the end of its storage`);
    }
  }

  newObject(type: Item, args: Item): Item {
    const known = asName(type);
    if (known?.is !== 'class' || !isTuple(args) || args.length > 0)
      throw this.#refuse('makes an object of something that is no class on the list');
    return { kind: 'object', className: known.className, state: new Map() };
  }

  /** What an OrderedDict carries besides its entries (`_metadata`) is of no use here. */
  build(object: Item, state: Item): Item {
    if (object instanceof Map) return object;
    if (!isRecord(object, 'object') || !(state instanceof Map)) throw this.#refuse('sets attributes on something that has none');
    if (object.state.size > 0) throw this.#refuse('sets the attributes of one object twice');
    this.#countCopies(state.size);
    for (const [key, value] of state) {
      if (typeof key !== 'string') throw this.#refuse('gives an attribute a name that is no text');
      object.state.set(key, value);
    }
    return object;
  }

  /** One instruction may copy what thousands wrote, and be repeated. */
  #countCopies(entries: number): void {
    this.#copied += entries;
    if (this.#copied > MAX_COPIED) throw this.#refuse(`copies more than ${MAX_COPIED} entries, which no file of weights needs`);
  }

  append(items: Item[], list: Item): void {
    if (!Array.isArray(list) || Object.isFrozen(list)) throw this.#refuse('appends to something that is no list');
    for (const item of items) list.push(item);
  }

  setItems(items: Item[], dict: Item): void {
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.#refuse('sets entries of something that is no dict');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'boolean')
        throw this.#refuse('has a dict key that is neither text nor number');
      if (dict.has(key)) throw this.#refuse(`names ${quote(String(key))} twice, so it is not clear which one counts`);
      dict.set(key, items[i + 1] as TorchValue);
    }
  }
}

/** Stands for a storage until its place is known. */
const NOWHERE: BlobLike = { size: 0, slice: () => NOWHERE, arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)) };

export function isInner(item: Item | undefined): item is Inner {
  return typeof item === 'object' && item !== null && 'inner' in item;
}

/** Elements of a dtype in bytes. */
export function bytesOf({ dtype, count }: StorageRef): number {
  return count * TORCH_DTYPE_BYTES[dtype];
}

function asName(item: Item | undefined): Known | undefined {
  return isInner(item) && item.inner === 'name' ? item.known : undefined;
}

function isRecord<K extends 'tensor' | 'object'>(item: Item | undefined, kind: K): item is Extract<TorchTensor | TorchObject, { kind: K }> {
  return typeof item === 'object' && item !== null && 'kind' in item && item.kind === kind;
}

/** A list that nothing can be appended to. */
export function createTuple(items: Item[]): Item {
  return Object.freeze(items) as readonly TorchValue[];
}

/** Tuples are frozen so that nothing can be appended to them. */
function isTuple(item: Item): item is readonly TorchValue[] {
  return Array.isArray(item) && Object.isFrozen(item);
}

function isSize(value: Item | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isSizes(value: Item | undefined): value is readonly number[] {
  return Array.isArray(value) && Object.isFrozen(value) && value.length <= MAX_DIMENSIONS && value.every(isSize);
}

function describe(value: Item | undefined): string {
  return Array.isArray(value) ? quote((value as Item[]).slice(0, 8).map(show).join(' × ') || 'scalar') : 'no tuple';
}

/** For a sentence; lists are not walked, since they may be endless. */
export function show(value: Item | undefined): string {
  return typeof value === 'object' || value === undefined ? 'something that is no number' : quote(String(value));
}
