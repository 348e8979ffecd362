import { describe, expect, it } from 'vitest';
import { checkLabelText, labelKey, readLabel, type Label } from '../../../src/core/formats/labels.ts';
import { mergeLabels, parseLabels, writeLabels } from '../../../src/core/formats/labelFile.ts';

const HASH = `sha256-${'a'.repeat(64)}`;
const OTHER = `sha256-${'b'.repeat(64)}`;
const EARLY = '2026-01-01T00:00:00.000Z';
const LATE = '2026-02-01T00:00:00.000Z';
const NOW = Date.parse('2026-03-01T00:00:00Z');

const label = (latent: number, text: string, changed = EARLY, hash = HASH): Label => ({ hash, latent, text, changed });
const file = (dictionaries: unknown, rest: object = {}) => ({ format: 'featurescope-labels', version: 1, dictionaries, ...rest });
const rows = (labels: unknown[], hash = HASH) => file([{ hash, labels }]);
const mapOf = (...labels: Label[]) => new Map(labels.map((l) => [labelKey(l), l]));

describe('what stands behind a label', () => {
  const evidence = {
    rule: { word: 'x' },
    threshold: 0.5,
    precision: 1,
    recall: 0.5,
    f1: 0.6,
    interval: [0.5, 0.7],
    corpus: 'c',
    tokens: 9,
  };
  const read = (given: unknown) => readLabel({ ...label(1, 'sea'), evidence: given }, NOW);

  it('is read with it', () => expect(read(evidence)).toEqual({ ...label(1, 'sea'), evidence }));

  it.each([
    null,
    'text',
    [],
    { ...evidence, rule: {} },
    { ...evidence, rule: { word: '' } },
    { ...evidence, rule: { word: 'x'.repeat(1001) } },
    { ...evidence, rule: { tokens: [1.5] } },
    { ...evidence, threshold: NaN },
    { ...evidence, f1: 1.5 },
    { ...evidence, precision: undefined },
    { ...evidence, interval: [0.5] },
    { ...evidence, tokens: -1 },
    { ...evidence, corpus: 'x'.repeat(301) },
  ])('is left out where it is none, the label staying: %o', (bad) => expect(read(bad)).toEqual(label(1, 'sea')));

  it('keeps nothing else that came with it', () => {
    const { evidence: kept } = read({ ...evidence, rule: { word: 'x', other: 1 }, more: 2 })!;
    expect(kept).toEqual(evidence);
  });
});

describe('a file of labels', () => {
  it('gives back what was written, sorted by latent, with what the dictionary is called', () => {
    const labels = [label(7, 'der Hut 🎩 “quoted”'), label(2, 'sea', LATE), label(0, 'עברית', EARLY, OTHER)];
    const known = [{ hash: HASH, id: 'bookworm-9m/x/r4', model: 'bookworm-9m', hook: 'x', secret: 1 }];
    const json = JSON.parse(writeLabels(labels, known, LATE)) as { dictionaries: object[] };
    expect(json.dictionaries[0]).toMatchObject({ id: 'bookworm-9m/x/r4', model: 'bookworm-9m', hook: 'x' });
    expect(json.dictionaries[0]).not.toHaveProperty('secret');
    const parsed = parseLabels(json, 'labels.json', NOW);
    expect(parsed.labels).toEqual([label(2, 'sea', LATE), label(7, 'der Hut 🎩 “quoted”'), label(0, 'עברית', EARLY, OTHER)]);
    expect(parsed.warnings).toEqual([]);
  });

  it.each([
    ['a list', [], /holds no labels/],
    ['null', null, /holds no labels/],
    ['another format', { format: 'x', version: 1, dictionaries: [] }, /holds no labels/],
    ['no dictionaries', { format: 'featurescope-labels', version: 1 }, /holds no labels/],
    ['a newer version', file([], { version: 2 }), /has version 2; this page reads version 1/],
    ['a version that is no number', file([], { version: '1' }), /no version this page knows/],
    ['too many', file([{ hash: HASH, labels: new Array(200_001).fill(0) }]), /more than 200000 labels/],
    ['too many dictionaries', file(new Array(10_001).fill({})), /more than 10000 dictionaries/],
  ])('is refused as %s', (_, json, sentence) => {
    expect(() => parseLabels(json, 'labels.json', NOW)).toThrow(sentence);
  });

  it('leaves out single entries that are wrong, and counts them', () => {
    const good = { latent: 3, text: 'good', changed: EARLY };
    const bad = [
      null,
      'text',
      { ...good, latent: -1 },
      { ...good, latent: 1.5 },
      { ...good, latent: '3' },
      { ...good, latent: 2 ** 24 },
      { ...good, text: '' },
      { ...good, text: ' \n ' },
      { ...good, text: 5 },
      { ...good, text: 'x'.repeat(501) },
      { ...good, changed: 'yesterday' },
      { ...good, changed: 1 },
    ];
    const parsed = parseLabels(rows([...bad, good]), 'labels.json', NOW);
    expect(parsed.labels).toEqual([label(3, 'good')]);
    expect(parsed.warnings).toEqual([expect.stringMatching(/^12 entries of the file were left out/)]);
  });

  it('leaves out dictionaries without a hash', () => {
    const entry = { latent: 3, text: 'good', changed: EARLY };
    const parsed = parseLabels(
      file([{ hash: '__proto__', labels: [entry, entry] }, { hash: HASH }, 7, { labels: [entry] }]),
      'labels.json',
      NOW,
    );
    expect(parsed.labels).toEqual([]);
    expect(parsed.warnings).toEqual([expect.stringMatching(/^5 entries/)]);
  });

  it('takes nothing from prototype keys, and no control characters', () => {
    const json = JSON.parse(
      `{"format":"featurescope-labels","version":1,"__proto__":{"polluted":1},"dictionaries":[{"hash":"${HASH}","id":"a\\u0000b","constructor":{"prototype":{"polluted":1}},"labels":[{"__proto__":{"text":"inherited"},"latent":1,"text":"a\\u0007\\n\\tb\\ud800","changed":"${EARLY}"}]}]}`,
    ) as unknown;
    const { labels, dictionaries } = parseLabels(json, 'labels.json', NOW);
    expect(labels).toEqual([label(1, 'a b\ufffd')]);
    expect(dictionaries[0].id).toBe('a b');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('counts a time to come as now, so that it cannot win for ever', () => {
    expect(readLabel(label(1, 'x', '9999-01-01T00:00:00Z'), NOW)?.changed).toBe(new Date(NOW).toISOString());
  });

  it('of two labels for one latent the newer counts', () => {
    const two = [
      { latent: 1, text: 'new', changed: LATE },
      { latent: 1, text: 'old', changed: EARLY },
    ];
    expect(parseLabels(rows(two), 'f', NOW).labels).toEqual([label(1, 'new', LATE)]);
    expect(parseLabels(rows(two.toReversed()), 'f', NOW).labels).toEqual([label(1, 'new', LATE)]);
  });
});

describe('merging', () => {
  it('adds what is missing, takes what is newer, keeps what is newer here', () => {
    const here = mapOf(label(1, 'old', EARLY), label(2, 'mine', LATE), label(3, 'same', EARLY), label(4, 'tie', EARLY));
    const incoming = [
      label(1, 'new', LATE),
      label(2, 'theirs', EARLY),
      label(3, 'same', LATE),
      label(4, 'their tie', EARLY),
      label(5, 'added'),
    ];
    expect(mergeLabels(here, incoming)).toEqual({
      write: [label(1, 'new', LATE), label(5, 'added')],
      added: 1,
      changed: 1,
      unchanged: 3,
      newerHere: 2,
    });
  });
});

describe('the text of a label', () => {
  it('is one trimmed line', () => expect(checkLabelText('  a\nb\u0000c  ')).toBe('a b c'));
  it('has at most 500 characters', () => {
    expect(checkLabelText('x'.repeat(500))).toHaveLength(500);
    expect(() => checkLabelText('x'.repeat(501))).toThrow(/at most 500 characters; this one has 501/);
    expect(() => checkLabelText(5)).toThrow(/is a text/);
  });
});
