import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../../src/engine/text/documents.ts';

const read = (path: string, data: string | Uint8Array, field?: string) =>
  readDocuments({ path, data: new Blob([data as BlobPart]) }, { ...(field !== undefined && { field }) });
const packed = (text: string) => gzipSync(new TextEncoder().encode(text));

describe('documents', () => {
  it('a text file is one document, without its byte order mark', async () => {
    expect(await read('a/b.txt', 'One.\n\nTwo.')).toEqual({ documents: ['One.\n\nTwo.'], warnings: [] });
    expect((await read('b.md', '\ufeff# Head')).documents).toEqual(['# Head']);
    expect((await read('noending', 'words')).documents).toEqual(['words']);
    expect((await read('b.txt.gz', packed('packed ü'))).documents).toEqual(['packed ü']);
  });

  it('reads UTF-16 that says so', async () => {
    expect((await read('w.txt', Uint8Array.of(0xff, 0xfe, 0x48, 0, 0xe9, 0))).documents).toEqual(['Hé']);
    expect((await read('w.txt', Uint8Array.of(0xfe, 0xff, 0, 0x48))).documents).toEqual(['H']);
  });

  it('a line of .jsonl is a document', async () => {
    const lines = '{"text":"a\\nb","n":1}\n\n"bare"\r\n{"content":"c"}\n{"other":1}\n{"text":7}\n{"text":"  "}\n';
    const { documents, warnings } = await read('x.jsonl', lines);
    expect(documents).toEqual(['a\nb', 'bare', 'c']);
    expect(warnings).toEqual(['2 lines of x.jsonl had no “text” or “content” and were left out.']);
    expect((await read('x.jsonl.gz', packed('{"body":"a"}'), 'body')).documents).toEqual(['a']);
    await expect(read('x.jsonl', '{"text":"a"}\n{bad')).rejects.toThrow('Line 2 of x.jsonl is not JSON');
    await expect(read('x.jsonl', '{"__proto__":{"text":"a"}}')).rejects.toThrow('holds no text');
  });

  it('a null character written as an escape is refused too, since it would cut the document in two', async () => {
    const lines = '{"text":"whole"}\n{"text":"a\\u0000b"}\n';
    await expect(read('x.jsonl', lines)).rejects.toThrow('Line 2 of x.jsonl holds a null character');
    await expect(read('x.jsonl.gz', packed('"a\\u0000"'))).rejects.toThrow('Line 1 of x.jsonl.gz holds a null character');
    // In a field that is not read it does no harm.
    expect((await read('x.jsonl', '{"id":"\\u0000","text":"b"}')).documents).toEqual(['b']);
  });

  it('a row of .csv is a document', async () => {
    const { documents, warnings } = await read('x.csv', 'id,Text\r\n1,"a, ""b""\nc"\r\n2,d\r\n3\r\n');
    expect(documents).toEqual(['a, "b"\nc', 'd']);
    expect(warnings).toEqual(['1 row of x.csv had no “Text” and was left out.']);
    expect((await read('x.csv', 'quote\nhello\n')).documents).toEqual(['hello']);
    expect((await read('x.csv', 'a,b\n1,2\n', 'b')).documents).toEqual(['2']);
    await expect(read('x.csv', 'a,b\n1,2\n')).rejects.toThrow('Its columns: “a”, “b”');
    await expect(read('x.csv', 'a,b\n1,2\n', 'c')).rejects.toThrow('no column “c”');
    await expect(read('x.csv', 'text\n"never closed\n')).rejects.toThrow('quotation mark');
  });

  it.each([
    ['empty.txt', new Uint8Array(0), 'empty'],
    ['blank.txt', ' \n\t ', 'holds no text'],
    ['latin.txt', Uint8Array.of(0x63, 0x61, 0x66, 0xe9), 'not UTF-8'],
    ['binary.bin', Uint8Array.of(0x61, 0, 0x62), 'binary'],
    ['cut.txt.gz', packed('a longer text that is cut somewhere').slice(0, 24), 'gzip'],
    ['fake.txt.gz', 'not packed at all', 'gzip'],
  ])('%s is refused with a sentence', async (path, data, words) => {
    await expect(read(path, data)).rejects.toThrow(words);
  });

  it('a small file that unpacks into too much is refused on the way', async () => {
    const bomb = gzipSync(new Uint8Array(20 * 2 ** 20), { level: 9 });
    expect(bomb.length).toBeLessThan(2 ** 15);
    const data = new Blob([bomb]);
    await expect(readDocuments({ path: 'bomb.txt.gz', data }, { maxBytes: 2 ** 20 })).rejects.toThrow('more than 1 MiB');
    await expect(readDocuments({ path: 'x.txt', data }, { maxBytes: 100 })).rejects.toThrow('Split it');
  });
});
