/** Files of text as people have them: each is read as what it is, or called what it is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it, test } from 'vitest';
import { readDocuments } from '../../../src/engine/text/documents.ts';
import { createTokenizer } from '../../../src/engine/model/tokenizer.ts';

const REPORTS = join(import.meta.dirname, '../../fixtures/reports');
const read = (path: string, data: string | Uint8Array, field?: string) =>
  readDocuments({ path, data: new Blob([data as BlobPart]) }, { ...(field !== undefined && { field }) });
const report = (path: string) => read(path, new Uint8Array(readFileSync(join(REPORTS, path))));
const utf16 = (text: string, mark = true) => new Uint8Array(Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le'));
const swapped = (bytes: Uint8Array) => new Uint8Array(Buffer.from(bytes).swap16());
const whales = (count: number) => Array.from({ length: count }, (_, i) => `The whale number ${i} swam away.`);

describe('reported files', () => {
  test.each(['O02-other-text-files/array.json', 'O02-other-text-files/lines.json', 'O02-other-text-files/table.tsv'])(
    '%s is its documents',
    async (path) => {
      const { documents, warnings } = await report(path);
      expect(documents.length).toBeGreaterThan(10);
      expect(documents).toEqual(whales(documents.length));
      expect(warnings).toEqual([]);
    },
  );

  test('a web page is refused', async () => {
    await expect(report('O02-other-text-files/page.html')).rejects.toThrow('page.html is a web page: its markup would be read as text.');
  });

  test('tables lose nothing in silence', async () => {
    const headless = await report('O03-csv-loses-text/no-header.csv');
    expect(headless.documents).toEqual(['Hello there', 'Second line', 'Third line']);
    expect(headless.warnings).toEqual(['no-header.csv has no header, so its first row, “Hello there”, was read as text like the others.']);
    const comma = await report('O03-csv-loses-text/comma.csv');
    expect(comma.documents).toEqual(['a, b', 'plain, with a comma']);
    expect(comma.warnings).toEqual([
      '1 row of comma.csv had more cells than the first, without quotation marks, and was read with what stood behind it as one text.',
    ]);
  });

  test('numbers as Python writes them, in fields that nobody reads', async () => {
    expect(await report('P08-python-constants/jsonl/data.jsonl')).toEqual({ documents: ['a whale', 'a ship'], warnings: [] });
  });

  test('lines that end as on Windows give the same tokens', async () => {
    const [crlf, lf] = await Promise.all([report('P20-crlf/crlf.txt'), report('P20-crlf/lf.txt')]);
    expect(readFileSync(join(REPORTS, 'P20-crlf/crlf.txt'), 'utf8')).toContain('\r\n');
    const tokenizer = createTokenizer(readFileSync(join(REPORTS, 'P09-prefix-space/tokenizer.json'), 'utf8'), undefined);
    expect(tokenizer.encode(crlf.documents[0])).toEqual(tokenizer.encode(lf.documents[0]));
  });
});

describe('ends of lines', () => {
  test.each([
    ['a.txt', 'a\r\n\r\nb\rc\n'],
    ['a.json', JSON.stringify(['a\r\n\r\nb\rc\n'])],
    ['a.jsonl', `{"text": "a\\r\\n\\r\\nb\\rc\\n"}\r\n`],
    ['a.csv', 'id,text\r\n1,"a\r\n\r\nb\rc\n"\r\n'],
    ['a.tsv', 'id\ttext\r\n1\t"a\r\n\r\nb\rc\n"\r\n'],
  ])('%s', async (path, data) => {
    expect((await read(path, data)).documents).toEqual(['a\n\nb\nc\n']);
    expect((await read(`${path}.gz`, gzipSync(Buffer.from(data)))).documents).toEqual(['a\n\nb\nc\n']);
    expect((await read(path, utf16(data))).documents).toEqual(['a\n\nb\nc\n']);
  });
});

describe('JSON', () => {
  test.each<[string, string, string[]]>([
    ['strings', '["a", "b"]', ['a', 'b']],
    ['laid out over lines', JSON.stringify([{ text: 'a' }, { content: 'b' }], null, 2), ['a', 'b']],
    ['NaN in a list', '[{"text": "a", "n": NaN}, {"text": "b", "n": -Infinity}]', ['a', 'b']],
    ['one object', '{"text": "a"}', ['a']],
    ['one object over lines', '{\n "text": "a"\n}', ['a']],
    ['a list inside', '{"version": 1, "data": [{"text": "a"}, "b"]}', ['a', 'b']],
    ['rows of the hub’s viewer', '{"rows": [{"row_idx": 0, "row": {"text": "a"}}]}', ['a']],
    ['columns', '{"id": [1, 2], "text": ["a", "b"]}', ['a', 'b']],
    ['columns of pandas', '{"id": {"0": 1}, "text": {"0": "a", "1": "b"}}', ['a', 'b']],
    ['lines', '{"text": "a"}\n{"text": "b"}\n', ['a', 'b']],
    ['lines, the first a list', '["x"]\n{"text": "b"}\n', ['b']],
    ['with a mark', '\ufeff["a"]', ['a']],
  ])('%s', async (_, json, documents) => {
    for (const path of ['x.json', 'x.jsonl', 'x.ndjson', 'X.JSON']) expect((await read(path, json)).documents).toEqual(documents);
  });

  it('says what was left out, and names keys where nothing is found', async () => {
    expect((await read('x.json', '[{"text": "a"}, {"id": 1}, null, 3]')).warnings).toEqual([
      '3 entries of x.json had no “text” or “content” and were left out.',
    ]);
    await expect(read('x.json', '[{"id": 1, "body": "a"}]')).rejects.toThrow(
      'no entry has “text” or “content”. The first has “id”, “body”. Nothing was added.',
    );
    expect((await read('x.json', '[{"id": 1, "body": "a"}]', 'body')).documents).toEqual(['a']);
    await expect(read('x.json', '{"cells": [], "metadata": {}}')).rejects.toThrow('Its keys: “cells”, “metadata”.');
    await expect(read('x.json', '[{"text": "a"}, {"te')).rejects.toThrow('Line 1 of x.json is not JSON');
    await expect(read('x.json', '["a\\u0000"]')).rejects.toThrow('Entry 1 of x.json holds a null character');
  });

  it('called plain text is one text, and that is said', async () => {
    for (const json of ['["a"]', '{"text": "a"}\n{"text": "b"}', '{"a": NaN}']) {
      const { documents, warnings } = await read('x.txt', json);
      expect(documents).toEqual([json]);
      expect(warnings).toEqual([expect.stringContaining('holds JSON and was read as one text, brackets and all')]);
    }
    for (const text of ['[A link](x) and', '{curly} words', '[1] A note.\n[2] Another.'])
      expect((await read('x.md', text)).warnings).toEqual([]);
  });
});

describe('tables', () => {
  test.each<[string, string, string[]]>([
    ['semicolons', 'id;text\n1;"a; b"\n2;c, d\n', ['a; b', 'c, d']],
    ['tabs in a .csv', 'id\ttext\n1\ta, b\n', ['a, b']],
    ['quoted names', '"id","text"\n"1","a ""b"""\n', ['a "b"']],
    ['one quoted column', 'text\n"a, b"\n"c\nd"\n', ['a, b', 'c\nd']],
    ['text before another column', 'text,id\n"a, b",1\nc,2\n', ['a, b', 'c']],
    ['a header alone is its own column', 'review\na\nb\n', ['a', 'b']],
    ['the last column takes commas', 'id,text\n1,a, b, c\n', ['a, b, c']],
    ['semicolons in prose', 'text\na; b; c\nd\n', ['a; b; c', 'd']],
  ])('%s', async (_, csv, documents) => {
    expect((await read('x.csv', csv)).documents).toEqual(documents);
  });

  it('a row whose text cannot be told is left out and said', async () => {
    const { documents, warnings } = await read('x.csv', 'text,id\na, b,1\nc,2\n');
    expect(documents).toEqual(['c']);
    expect(warnings).toEqual([
      '1 row of x.csv had more cells than the first, without quotation marks, and was left out: which cells are its text cannot be told.',
    ]);
  });

  it('what the first row was taken for is said', async () => {
    expect((await read('x.csv', 'review\na\n')).warnings).toEqual([
      'The first row of x.csv, “review”, was taken for the name of its column and left out.',
    ]);
    await expect(read('x.csv', 'Well, hello\nSecond\n')).rejects.toThrow('or add a first row with names if it has none.');
  });

  it('.tsv with quotation marks that quote nothing', async () => {
    const { documents, warnings } = await read('x.tsv', 'id\ttext\n1\t"Well," he said\n2\t6" long\n');
    expect(documents).toEqual(['"Well," he said', '6" long']);
    expect(warnings).toEqual([]);
  });
});

describe('other encodings', () => {
  const text = 'Call me Ishmael. Wie schön, été.';
  test.each([
    ['UTF-16', utf16(text)],
    ['UTF-16, the other way round', swapped(utf16(text))],
    ['UTF-16 without a mark', utf16(text, false)],
    ['UTF-16 without a mark, the other way round', swapped(utf16(text, false))],
    ['gzip by another name', gzipSync(Buffer.from(text))],
    ['UTF-16 in gzip', gzipSync(utf16(text))],
  ])('%s', async (_, bytes) => {
    expect((await read('x.txt', bytes)).documents).toEqual([text]);
  });

  it('what is cut off or UTF-32 is said', async () => {
    await expect(read('x.txt', utf16(text).slice(0, -1))).rejects.toThrow('is not whole UTF-16 text');
    await expect(read('x.txt', Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0))).rejects.toThrow('is text in UTF-32. Save it as UTF-8');
  });
});

describe('what is no text is called what it is', () => {
  const of = (...parts: (string | number[])[]) => new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
  test.each<[string, Uint8Array, string]>([
    ['a picture', of([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]), 'is a picture (PNG), not text. Nothing was added.'],
    ['a photo', of([0xff, 0xd8, 0xff, 0xe0, 0, 16], 'JFIF'), 'is a picture (JPEG), not text.'],
    ['a drawing', of('<svg xmlns="http://www.w3.org/2000/svg"></svg>'), 'is a picture (SVG), not text.'],
    ['a PDF', of('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\n'), 'is a PDF document, not text.'],
    ['a gguf', of('GGUF', [3, 0, 0, 0, 1, 0, 0, 0]), 'is a GGUF file (llama.cpp’s format), not text.'],
    ['a zip', zipSync({ 'a.txt': of('words') }), 'is a zip archive, not text. Unpack it and add the texts in it.'],
    ['a document', zipSync({ '[Content_Types].xml': of('<x/>') }), 'is an Office document (a spreadsheet or text), not'],
    ['an e-book', zipSync({ mimetype: of('application/epub+zip') }, { level: 0 }), 'is an e-book (EPUB), not text. Save it as UTF-8 text'],
    ['rich text', of('{\\rtf1\\ansi Words}'), 'is a Rich Text document (RTF), not text. Save it as UTF-8 text and add that.'],
    ['a Parquet table', of('PAR1', [0x15, 4, 0x15, 0]), 'is a Parquet table, not text.'],
    ['weights', of([8, 0, 0, 0, 0, 0, 0, 0], '{"a":{} }'), 'is a safetensors file, not text.'],
    ['xz', of([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]), 'is compressed with xz, not text. Unpack it and add the texts in it.'],
    ['a pointer', of('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'), 'is a Git LFS pointer, not the text itself.'],
    ['a page', of('\n<!-- saved -->\n<!DOCTYPE html><html><body><p>x'), 'is a web page: its markup would be read as text.'],
    ['XML', of('<?xml version="1.0"?><a>b</a>'), 'is XML: its markup would be read as text.'],
  ])('%s', async (_, bytes, words) => {
    for (const path of ['x.txt', 'x.md', 'x.csv', 'x.jsonl', 'x', 'x.txt.gz'])
      await expect(read(path, path.endsWith('.gz') ? gzipSync(bytes) : bytes), path).rejects.toThrow(`${path} ${words}`);
  });

  test('by its name a page is one too', async () => {
    await expect(read('x.htm', '<p>Words</p>')).rejects.toThrow('x.htm is a web page');
  });

  test.each([
    'GGUF is a file format.',
    'BZh and other letters',
    'PAR1 of two parts',
    '<!-- a comment --> # Head',
    '<b>Well</b>, said he',
    'MZ',
  ])('%s is text', async (text) => {
    expect((await read('x.md', text)).documents).toEqual([text]);
  });
});
