import { describe, expect, it, vi } from 'vitest';
import { createSettings } from '../../../src/cache/settings.ts';
import { fakeArea } from '../../helpers/fakeKept.ts';

const KEY = 'featurescope.settings.v1';

function denied(): Storage {
  throw new DOMException('denied', 'SecurityError');
}

describe('settings', () => {
  it('are there at the next visit, and forgotten when asked', () => {
    const area = fakeArea();
    const settings = createSettings(() => area);
    settings.set('theme', 'dark');
    settings.set('model', 'bookworm-9m');
    expect(createSettings(() => area).get('theme')).toBe('dark');
    expect(settings.bytes()).toBeGreaterThan(0);
    settings.set('theme', undefined);
    expect(createSettings(() => area).get('theme')).toBeUndefined();
    expect(createSettings(() => area).get('model')).toBe('bookworm-9m');
    settings.clear();
    expect(area.length).toBe(0);
    expect(settings.bytes()).toBe(0);
  });

  it.each([
    '',
    'null',
    '[]',
    '7',
    '{"theme":',
    '{"theme":"pink"}',
    '{"theme":{"__proto__":1}}',
    `{"model":"${'x'.repeat(400)}"}`,
    'x'.repeat(200_000),
  ])('take nothing from %s', (text) => {
    const area = fakeArea();
    area.setItem(KEY, text);
    const settings = createSettings(() => area);
    expect(settings.get('theme')).toBeUndefined();
    expect(settings.get('model')).toBeUndefined();
    settings.set('theme', 'light');
    expect(createSettings(() => area).get('theme')).toBe('light');
  });

  it('leave what another build keeps as it is, and what another tab wrote meanwhile', () => {
    const area = fakeArea();
    area.setItem(KEY, '{"fromTheFuture":{"a":1}}');
    const [here, there] = [createSettings(() => area), createSettings(() => area)];
    there.set('model', 'theirs');
    here.set('theme', 'dark');
    expect(JSON.parse(area.getItem(KEY)!)).toEqual({ fromTheFuture: { a: 1 }, model: 'theirs', theme: 'dark' });
  });

  it('refuse a value that is none, silently', () => {
    const settings = createSettings(fakeArea);
    settings.set('theme', 'pink' as never);
    expect(settings.get('theme')).toBeUndefined();
  });

  it('without storage last as long as the page, and say so', () => {
    const settings = createSettings(denied);
    const heard = vi.fn();
    settings.subscribe(heard);
    expect(settings.problem()).toBeNull();
    settings.set('theme', 'dark');
    settings.set('model', 'm');
    expect(settings.get('theme')).toBe('dark');
    expect(settings.problem()).toMatch(/until it is closed/);
    expect(heard).toHaveBeenCalledTimes(2);
  });
});
