/**
 * NumPy archives (.npz, as Gemma Scope stores dictionaries): a zip of .npy files. Their headers are Python literals; only
 * the one form NumPy writes is understood, and nothing is evaluated.
 */
import { FormatError, readBytes, type BlobLike } from './bytes.ts';
import { decodeText, refuseImpostor } from './text.ts';
import { quote } from './words.ts';
import { TORCH_DTYPE_BYTES, type TorchDtype, type TorchTensor } from './torch/types.ts';
import { createOpener, type Located } from './zipEntries.ts';
import { isZip, listZip } from './zip.ts';

/** An array of an archive; as a tensor of a PyTorch file, so that `transpose` and `toPart` serve both. */
export type NpyArray = TorchTensor;

/** What NumPy writes is padded to 128 bytes; version 1 allows 64 KiB. */
const MAX_HEADER_BYTES = 65_536;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Magic, version, and a header length of two or four bytes. */
const PREFIX_BYTES = 12;
const MAX_DIMENSIONS = 32;

// prettier-ignore
const DTYPES: Record<string, TorchDtype> = {
  '<f8': 'F64', '<f4': 'F32', '<f2': 'F16', '<i8': 'I64', '<i4': 'I32', '<i2': 'I16', '|i1': 'I8', '|u1': 'U8', '|b1': 'BOOL',
};

/** {'descr': '<f4', 'fortran_order': False, 'shape': (512, 64), } with any order of keys and any spacing. */
const ENTRY = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^'\\]{1,64})'|(True|False)|\(([\d\s,]*)\)|(\[))\s*(,|$)/y;

/**
 * @param name the file's, for sentences
 * @returns arrays by name without ".npy", in the archive's order; only headers were read (deflated ones are unpacked)
 * @throws FormatError with one sentence: not an archive of arrays, damaged, big-endian, or holding Python objects
 */
export async function readNpz(file: BlobLike, name: string): Promise<Map<string, NpyArray>> {
  await refuseImpostor(file, quote(name), 'NumPy archive');
  if (!(await isZip(file)))
    throw new FormatError(`${quote(name)} is not a NumPy archive: it does not begin as a zip does. Copy or download it again.`);
  const entries = (await listZip(file, name)).filter(({ path }) => !path.endsWith('/'));
  if (entries.length === 0) throw new FormatError(`${quote(name)} is an empty archive.`);
  const open = createOpener(file, name);
  const arrays = new Map<string, NpyArray>();
  for (const entry of entries) {
    if (!/^[^/\\]+\.npy$/.test(entry.path)) {
      throw new FormatError(`${quote(name)} holds ${quote(entry.path)}; a NumPy archive holds only .npy files, and no folders.`);
    }
    arrays.set(entry.path.slice(0, -'.npy'.length), await readNpy(await open(entry), `${quote(entry.path)} in ${quote(name)}`));
  }
  return arrays;
}

async function readNpy({ data, verify }: Located, label: string): Promise<NpyArray> {
  const prefix = await readBytes(data, 0, Math.min(PREFIX_BYTES, data.size));
  if (prefix.length < PREFIX_BYTES || !MAGIC.every((byte, i) => prefix[i] === byte))
    throw new FormatError(`${label} is not a NumPy array.`);
  const [major, minor] = [prefix[6], prefix[7]];
  if (major < 1 || major > 3 || minor !== 0)
    throw new FormatError(`${label} is of version ${major}.${minor} of its format; 1.0 to 3.0 are read.`);
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  const at = major === 1 ? 10 : PREFIX_BYTES;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES || at + length > data.size)
    throw new FormatError(`${label} announces a header of ${length} bytes, which cannot be.`);
  const { descr, isFortran, shape } = parseHeader(decodeText(await readBytes(data, at, length)), label);
  const dtype = readDtype(descr, label);
  const elements = shape.reduce((n, size) => n * size, 1);
  const start = at + length;
  if (elements * TORCH_DTYPE_BYTES[dtype] !== data.size - start) {
    throw new FormatError(
      `${label}: shape [${shape.join(', ')}] of ${dtype} needs ${elements * TORCH_DTYPE_BYTES[dtype]} bytes, but it has ${data.size - start}.`,
    );
  }
  return { kind: 'tensor', dtype, shape, strides: stridesOf(shape, isFortran), offset: 0, storage: data.slice(start, data.size), verify };
}

interface Header {
  descr: string;
  isFortran: boolean;
  shape: number[];
}

function parseHeader(text: string, label: string): Header {
  const inner = /^\{(.*)\}\s*$/s.exec(text.trimEnd());
  if (!inner) throw unclear(label);
  const found = new Map<string, { text?: string; flag?: string; sizes?: string; list?: string }>();
  const body = inner[1].trimEnd();
  for (ENTRY.lastIndex = 0; ENTRY.lastIndex < body.length;) {
    const match = ENTRY.exec(body);
    if (!match || found.has(match[1])) throw unclear(label);
    found.set(match[1], { text: match[2], flag: match[3], sizes: match[4], list: match[5] });
  }
  const flag = found.get('fortran_order')?.flag;
  const sizes = found.get('shape')?.sizes;
  const descr = found.get('descr')?.text;
  if (!descr || !flag || sizes === undefined) throw unclear(label);
  return { descr, isFortran: flag === 'True', shape: parseShape(sizes, label) };
}

/** "", "3,", "512, 64" */
function parseShape(text: string, label: string): number[] {
  if (text.trim() === '') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  else if (parts.length === 1) throw unclear(label);
  if (parts.length > MAX_DIMENSIONS || !parts.every((part) => /^\d{1,15}$/.test(part))) throw unclear(label);
  return parts.map(Number);
}

function readDtype(descr: string, label: string): TorchDtype {
  if (Object.hasOwn(DTYPES, descr)) return DTYPES[descr];
  if (descr.includes('O')) throw new FormatError(`${label} holds Python objects, which are not read: unpacking them would run code.`);
  if (descr.startsWith('>')) throw new FormatError(`${label} was saved on a big-endian machine. Save it again in little-endian order.`);
  throw new FormatError(`${label} holds numbers of a kind that is not read (${quote(descr)}). Save it as float32.`);
}

function stridesOf(shape: number[], isFortran: boolean): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let k = 0; k < shape.length; k++) {
    const i = isFortran ? k : shape.length - 1 - k;
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

function unclear(label: string): FormatError {
  return new FormatError(`${label} has a header that is not as NumPy writes it.`);
}
