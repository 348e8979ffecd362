import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Screen } from '../../../src/app/App.tsx';
import type { Facts } from '../../../src/state/store.ts';
import { createAppStore } from '../../../src/state/store.ts';
import { deviceAddress, deviceChoice } from '../../../src/views/frame/deviceChoice.ts';
import { nameOfFiles } from '../../../src/views/shared/modelFiles.ts';
import { StoreProvider } from '../../../src/views/shared/StoreContext.tsx';
import { offlineNowhere } from '../../../src/cache/offline/offline.ts';
import { drawWhole } from '../../helpers/drawWhole.ts';
import { fakeApi, fakeStartup, type FakeOptions } from '../../helpers/fakeApi.ts';

/** The page as a server would draw it: store states, no effects. */
async function page(
  facts: Partial<Facts>,
  options: FakeOptions = {},
  act?: (store: ReturnType<typeof createAppStore>) => void,
  draw: (page: ReactNode) => string | Promise<string> = renderToStaticMarkup,
) {
  const api = fakeApi(options);
  const store = createAppStore(api, fakeStartup(), facts);
  await settle();
  act?.(store);
  await settle();
  // What a server draws is the first state; hand it the one reached.
  const reached = { ...store, getInitialState: store.getState };
  return draw(
    <StoreProvider store={reached}>
      <Screen startup={fakeStartup()} api={{ ...api, offline: offlineNowhere }} />
    </StoreProvider>,
  );
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 120));

describe('the page', () => {
  it('shows the text at once, editable, while the model is on its way', async () => {
    const html = await page({ text: 'A first text' }, { ready: new Promise(() => undefined) });
    expect(html).toMatch(/<textarea[^>]*>A first text<\/textarea>/);
    expect(html).not.toMatch(/<textarea[^>]*disabled/);
    expect(html).toContain('Opening bookworm-9m');
    expect(html).toContain('class="skeleton"');
  });

  it('says why the start failed and offers another try', async () => {
    const html = await page({}, { ready: Promise.reject(new Error('The file is gone.')) });
    expect(html).toMatch(/role="alert"[^>]*>.*The file is gone\..*Try again/);
  });

  it('shows every token once, with glyphs, in one tab stop', async () => {
    const html = await page({ text: 'the sea\n🦊<|endoftext|>' });
    expect(html.match(/role="option"/g)).toHaveLength(8);
    expect(html.match(/role="option"[^>]*tabindex="0"/gi)).toHaveLength(1);
    expect(html).toContain('glyph-newline');
    expect(html).toContain('glyph-special');
    expect(html).toContain('part 2 of 4 of 🦊');
    expect(html).not.toContain('\uFFFD');
  });

  it('keeps markup in the text from being markup', async () => {
    const html = await page({ text: '<img src=x onerror=y>' });
    expect(html).not.toContain('<img');
  });

  it('says how a text longer than the context is read', async () => {
    const html = await page({ text: 'a b c d e f' }, { n_ctx: 4 });
    expect(html).toContain('6 tokens, in 2 windows of at most 4');
    expect(html.match(/role="option"/g)).toHaveLength(6);
    expect(html.match(/strip-border/g)).toHaveLength(1);
  });

  it('has words for an empty text', async () => {
    const html = await page({ text: '' });
    expect(html).toContain('No text, so no tokens.');
    expect(html).toContain('There is no text to continue.');
  });

  it('compares when an edit acts', async () => {
    const html = await page({ text: 'the sea' }, {}, (store) =>
      store.getState().actions.addEdit({ hook: 'blocks.3.hook_resid_post', change: { op: 'scale', factor: 0 }, where: { kind: 'all' } }),
    );
    expect(html).toContain('Before</th>');
    expect(html).toContain('KL(before‖after)');
    expect(html).toContain('Zero <code>blocks.3.hook_resid_post</code>');
    expect(html).toContain('op: &#x27;scale&#x27;');
  });

  it('draws attention patterns by head', async () => {
    const html = await page({ text: 'the sea and', hook: 'blocks.1.attn.hook_pattern' }, {}, undefined, drawWhole);
    expect(html.match(/name="head"/g)).toHaveLength(8);
    expect(html).toContain('from position 2: largest weights');
  });

  it('says that the previous model is still open when one is refused', async () => {
    const html = await page({ load: { status: 'failed', name: 'x', message: 'Refused because.', kept: 'bookworm-9m' } });
    expect(html).toContain('Refused because. bookworm-9m is still open.');
  });
});

describe('device in the address', () => {
  it('is read and written without touching the rest', () => {
    expect(deviceChoice('http://x/?device=wasm&model=m')).toBe('wasm');
    expect(deviceChoice('http://x/?device=tpu')).toBe('auto');
    expect(deviceAddress('http://x/?model=m#h', 'webgpu')).toBe('http://x/?model=m&device=webgpu#h');
    expect(deviceAddress('http://x/?device=wasm', 'auto')).toBe('http://x/');
  });
});

describe('files', () => {
  it('has a name while loading', () => {
    const data = new Uint8Array();
    expect(nameOfFiles([{ path: 'model.safetensors', data }])).toBe('model.safetensors');
    const named = (...paths: string[]) => nameOfFiles(paths.map((path) => ({ path, data })));
    expect(named('a', 'b')).toBe('2 files');
    expect(named('pythia/config.json', 'pythia/onnx/model.onnx')).toBe('pythia');
    expect(named('a/config.json', 'ab/x')).toBe('2 files');
  });
});
