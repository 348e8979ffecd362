/** Opens PyTorch files: the zip of version 1.6 and later, and the container before it. */
import { FormatError, readBytes, type BlobLike } from '../bytes.ts';
import { decodeText, refuseImpostor } from '../text.ts';
import { quote } from '../words.ts';
import { isZip, listZip, type ZipEntry } from '../zip.ts';
import { createOpener, type Located } from '../zipEntries.ts';
import { attach } from './attach.ts';
import { bytesOf, type StorageRef } from './build.ts';
import { isLegacy, readLegacy } from './legacy.ts';
import { MAX_PICKLE_BYTES, unpickle } from './pickle.ts';
import type { TorchValue } from './types.ts';

/**
 * Reads a PyTorch file (`.pt`, `.pth`, `.bin`) of either container. Nothing in it is executed. Of a zip only the
 * directory, the pickle and one short header per storage are read (deflated storages are unpacked); storages are slices.
 * @param name the file's, for sentences
 * @throws FormatError with one sentence: not a PyTorch file, damaged, big-endian, or asking for names that weights do not need
 */
export async function readTorch(file: BlobLike, name: string): Promise<TorchValue> {
  await refuseImpostor(file, quote(name), 'PyTorch file');
  if (await isLegacy(file)) return readLegacy(file, name);
  if (!(await isZip(file))) throw new FormatError(await describeOther(file, name));
  return readArchive(file, name);
}

async function describeOther(file: BlobLike, name: string): Promise<string> {
  const head = await readBytes(file, 0, Math.min(4, file.size));
  const isPickle = head.length > 1 && head[0] === 0x80 && head[1] <= 5;
  if (isPickle)
    return `${quote(name)} is a Python pickle, but not one that PyTorch's save wrote, so it holds no weights that are read here.`;
  if (head[0] === 0x50 && head[1] === 0x4b) {
    return `${quote(name)} is the first ${file.size} bytes of a zip and nothing else. Copy or download it again.`;
  }
  return `${quote(name)} is not a PyTorch file: it begins with neither a zip nor a pickle (${file.size} bytes in all). Copy or download it again.`;
}

async function readArchive(file: BlobLike, name: string): Promise<TorchValue> {
  const entries = await listZip(file, name);
  for (const { path } of entries) refuseOddPath(path, name);
  const pickle = choosePickle(entries, name);
  const folder = pickle.path.slice(0, -'data.pkl'.length);
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const open = createOpener(file, name);
  await refuseBigEndian(byPath.get(`${folder}byteorder`), open, name);
  if (pickle.size > MAX_PICKLE_BYTES) {
    throw new FormatError(
      `${quote(name)} has a pickle of ${pickle.size} bytes, far more than weights need. It is probably not a file of weights.`,
    );
  }
  const unpickled = unpickle(await readWhole(await open(pickle)), name);
  const found = new Map<string, Located>();
  for (const ref of unpickled.storages.values())
    found.set(ref.key, await openStorage(ref, byPath.get(`${folder}data/${ref.key}`), open, name));
  return attach(unpickled, found);
}

function refuseOddPath(path: string, name: string): void {
  if (path.startsWith('/') || path.includes('\\') || path.split('/').includes('..') || /^[a-z]:/i.test(path)) {
    throw new FormatError(
      `${quote(name)} holds a file called ${quote(path)}, which leads outside the archive. PyTorch writes no such names.`,
    );
  }
}

function choosePickle(entries: ZipEntry[], name: string): ZipEntry {
  const paths = entries.map(({ path }) => path);
  if (paths.includes('[Content_Types].xml')) {
    throw new FormatError(`${quote(name)} is an Office document (a spreadsheet or text), not a PyTorch file.`);
  }
  if (paths.some((path) => /^[^/]+\/(constants\.pkl|code\/)/.test(path))) {
    throw new FormatError(`${quote(name)} is a TorchScript program, not weights. Save the model's state_dict() instead.`);
  }
  const pickles = entries.filter(({ path }) => /^[^/]+\/data\.pkl$/.test(path));
  if (pickles.length === 1) return pickles[0];
  if (pickles.length > 1) throw new FormatError(`${quote(name)} holds ${pickles.length} files called data.pkl; a PyTorch file has one.`);
  if (paths.some((path) => path.endsWith('.npy'))) throw new FormatError(`${quote(name)} is a NumPy archive; call it .npz.`);
  throw new FormatError(`${quote(name)} is a zip, but not a PyTorch file: it holds no data.pkl.`);
}

async function refuseBigEndian(entry: ZipEntry | undefined, open: (entry: ZipEntry) => Promise<Located>, name: string): Promise<void> {
  if (!entry) return;
  if (entry.size > 16) throw new FormatError(`${quote(name)} does not say in which order its bytes are.`);
  const order = decodeText(await readWhole(await open(entry)));
  if (order === 'little') return;
  throw new FormatError(
    order === 'big'
      ? `${quote(name)} was saved on a big-endian machine. Load it there and save it again with byte order "little", or as safetensors.`
      : `${quote(name)} gives its byte order as "${quote(order)}"; only "little" is read.`,
  );
}

async function readWhole({ data, verify }: Located): Promise<Uint8Array<ArrayBuffer>> {
  await verify();
  return readBytes(data, 0, data.size);
}

async function openStorage(
  ref: StorageRef,
  entry: ZipEntry | undefined,
  open: (entry: ZipEntry) => Promise<Located>,
  name: string,
): Promise<Located> {
  if (!entry) throw new FormatError(`${quote(name)} speaks of the storage data/${ref.key}, which is not in it. The file is damaged.`);
  if (entry.size !== bytesOf(ref)) {
    throw new FormatError(
      `${quote(name)} says that data/${ref.key} holds ${ref.count} numbers of ${ref.dtype} (${bytesOf(ref)} bytes), but it has ${entry.size} bytes.`,
    );
  }
  return open(entry);
}
