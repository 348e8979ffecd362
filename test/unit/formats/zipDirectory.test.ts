/** Directories of zips as PyTorch and NumPy write them, and the 64-bit form, put together by hand. */
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { listZip, locateEntry } from '../../../src/core/formats/zip.ts';
import { crc32 } from '../../../src/core/formats/crc32.ts';
import { refusal } from './helpers.ts';
import { blobOf } from './torchHelpers.ts';

const DATA = Uint8Array.of(1, 2, 3, 4, 5);
const IN_64 = 0xffffffff;

function le(...fields: [size: 2 | 4 | 8, value: number][]): number[] {
  return fields.flatMap(([size, value]) => Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256));
}
const ascii = (text: string) => [...new TextEncoder().encode(text)];

interface Long {
  /** Which of size, packed and place stand in the extra field. */
  inExtra?: [boolean, boolean, boolean];
  count?: number;
  directoryAt?: number;
  locator?: number;
}

/** One stored file "a" in the 64-bit form. */
async function createZip64({ inExtra = [true, true, true], count = 1, directoryAt, locator }: Long = {}): Promise<Uint8Array> {
  const crc = await crc32(blobOf(DATA));
  const local = [...le([4, 0x04034b50], [2, 45], [2, 0], [2, 0], [4, 0], [4, crc], [4, 5], [4, 5], [2, 1], [2, 4]), ...ascii('a'), 9, 9, 0, 0, ...DATA]; // prettier-ignore
  const fields = [5, 5, 0].filter((_, i) => inExtra[i]);
  const extra = [...le([2, 0x7777], [2, 2]), 0, 0, ...le([2, 1], [2, 8 * fields.length]), ...fields.flatMap((value) => le([8, value]))];
  const short = (i: number, value: number): [4, number] => [4, inExtra[i] ? IN_64 : value];
  const central = [
    ...le([4, 0x02014b50], [2, 45], [2, 45], [2, 0], [2, 0], [4, 0], [4, crc], short(1, 5), short(0, 5), [2, 1], [2, extra.length]),
    ...le([2, 0], [2, 0], [2, 0], [4, 0], short(2, 0)),
    ...[...ascii('a'), ...extra],
  ];
  const end64At = local.length + central.length;
  const at = directoryAt ?? local.length;
  const end64 = le([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, central.length], [8, at]);
  const end = [
    ...le([4, 0x07064b50], [4, 0], [8, locator ?? end64At], [4, 1]),
    ...le([4, 0x06054b50], [2, 0], [2, 0], [2, 0xffff], [2, 0xffff], [4, IN_64], [4, IN_64], [2, 0]),
  ];
  return Uint8Array.from([...local, ...central, ...end64, ...end]);
}

describe('the 64-bit form', () => {
  it.each<[boolean, boolean, boolean]>([
    [true, true, true],
    [false, false, true],
    [true, false, false],
    [false, true, true],
  ])(
    // prettier-ignore
    'size, packed size, place in the extra field: %s %s %s',
    async (...inExtra) => {
      const file = blobOf(await createZip64({ inExtra }));
      const [entry] = await listZip(file, 'a.pt');
      expect(entry).toMatchObject({ path: 'a', packed: 5, size: 5, at: 0, method: 0 });
      const data = await locateEntry(file, 'a.pt', entry);
      expect(new Uint8Array(await data.arrayBuffer())).toEqual(DATA);
      expect(await crc32(data)).toBe(entry.crc);
    },
  );

  it.each<[string, Long, RegExp]>([
    ['a directory past the end', { directoryAt: 2 ** 52 }, /points outside itself/],
    ['ever so many files', { count: 2 ** 40 }, /holds 1099511627776 files/],
    ['a record that is elsewhere', { locator: 3 }, /but has no record of that size/],
    ['a record past the end', { locator: 2 ** 60 }, /but has no record of that size/],
    ['more files than it lists', { count: 2 }, /damaged list of files/],
  ])('%s', async (_, long, sentence) => {
    const bytes = await createZip64(long);
    expect(await refusal(() => listZip(blobOf(bytes), 'a.pt'))).toMatch(sentence);
  });

  it('an extra field that is missing, or too short', async () => {
    const bytes = await createZip64();
    const at = Buffer.from(bytes).indexOf(Buffer.from([1, 0, 24, 0]));
    for (const change of [
      [at, 2],
      [at + 2, 16],
      [at + 2, 255],
    ]) {
      // prettier-ignore
      const changed = bytes.slice();
      changed[change[0]] = change[1];
      expect(await refusal(() => listZip(blobOf(changed), 'a.pt'))).toMatch(/damaged list of files/);
    }
  });
});

describe('what readers would disagree about', () => {
  const zip = () => zipSync({ a: DATA, b: DATA }, { level: 0 });
  const centrals = (bytes: Uint8Array) => {
    const first = Buffer.from(bytes).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    return [first, Buffer.from(bytes).indexOf(Buffer.from([0x50, 0x4b, 1, 2]), first + 1)];
  };

  it('two names', async () => {
    const bytes = zip();
    bytes[centrals(bytes)[1] + 46] = 'a'.charCodeAt(0);
    expect(await refusal(() => listZip(blobOf(bytes), 'x.zip'))).toMatch(/holds two files called a/);
  });

  it('fewer files than it lists', async () => {
    const bytes = zip();
    bytes[bytes.length - 22 + 10] = 1;
    expect(await refusal(() => listZip(blobOf(bytes), 'x.zip'))).toMatch(/damaged list of files/);
  });

  it('two entries at one place', async () => {
    const bytes = zip();
    new DataView(bytes.buffer).setUint32(centrals(bytes)[1] + 42, 0, true);
    expect(await refusal(() => listZip(blobOf(bytes), 'x.zip'))).toMatch(/overlap what follows it/);
  });

  it('an entry that runs into the next by its own header', async () => {
    const bytes = zip();
    bytes[28] = 4;
    const file = blobOf(bytes);
    const [entry] = await listZip(file, 'x.zip');
    expect(await refusal(() => locateEntry(file, 'x.zip', entry))).toMatch(/lets a overlap what follows it/);
  });

  it('another name before the data', async () => {
    const bytes = zip();
    bytes[30] = 'z'.charCodeAt(0);
    const file = blobOf(bytes);
    const [entry] = await listZip(file, 'x.zip');
    expect(await refusal(() => locateEntry(file, 'x.zip', entry))).toMatch(/gives a two names/);
  });

  it('sizes that differ though nothing is packed', async () => {
    const bytes = zip();
    new DataView(bytes.buffer).setUint32(centrals(bytes)[0] + 24, 6, true);
    const file = blobOf(bytes);
    const [entry] = await listZip(file, 'x.zip');
    expect(await refusal(() => locateEntry(file, 'x.zip', entry))).toMatch(/gives a two sizes/);
  });
});
