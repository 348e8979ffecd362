import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it, vi } from 'vitest';
import { calloutPlace } from '../../../src/views/frame/tourPlace.ts';
import { Welcome } from '../../../src/views/frame/Welcome.tsx';

describe('the note of the tour', () => {
  const note = { width: 300, height: 150 };
  const view = { width: 1000, height: 800 };
  it('stands below, above, or at the foot, wherever there is room', () => {
    expect(calloutPlace({ left: 100, top: 50, width: 400, height: 200 }, note, view)).toEqual({ left: 100, top: 264 });
    expect(calloutPlace({ left: 100, top: 500, width: 400, height: 250 }, note, view)).toEqual({ left: 100, top: 336 });
    expect(calloutPlace({ left: 100, top: 60, width: 400, height: 900 }, note, view)).toEqual({ left: 100, top: 640 });
  });

  it('stays within the window, and in its middle where there is nothing to stand beside', () => {
    expect(calloutPlace({ left: 950, top: 0, width: 40, height: 40 }, note, view).left).toBe(690);
    expect(calloutPlace({ left: -30, top: 0, width: 40, height: 40 }, note, view).left).toBe(10);
    expect(calloutPlace(null, note, view)).toEqual({ left: 350, top: 325 });
  });
});

describe('the line of a first visit', () => {
  const line = (welcome: boolean | undefined) => {
    const settings = { get: () => welcome, set: vi.fn(), subscribe: () => () => {} };
    return renderToStaticMarkup(<Welcome settings={settings as never} onTour={() => {}} />);
  };
  it('shows until it was answered', () => {
    expect(line(undefined)).toMatch(/Show me around.*Got it/);
    expect(line(false)).toBe('');
  });
});
