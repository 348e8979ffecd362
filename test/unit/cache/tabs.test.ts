import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTabs, readChange, type Tabs } from '../../../src/cache/tabs.ts';

const open: Tabs[] = [];
afterEach(() => {
  open.splice(0).forEach((tabs) => tabs.close());
  vi.unstubAllGlobals();
});
const tab = (name: string) => {
  const tabs = createTabs(name);
  open.push(tabs);
  return tabs;
};

describe('tabs', () => {
  it('tell the others and not themselves', async () => {
    const [here, there] = [tab('a'), tab('a')];
    const heard: string[] = [];
    here.subscribe((change) => heard.push(`here ${change}`));
    const stop = there.subscribe((change) => heard.push(`there ${change}`));
    here.say('labels');
    await expect.poll(() => heard).toEqual(['there labels']);
    stop();
    there.say('library');
    await expect.poll(() => heard).toEqual(['there labels', 'here library']);
  });

  it('pass over what is no message of this version', async () => {
    const heard: string[] = [];
    tab('b').subscribe((change) => heard.push(change));
    const channel = new BroadcastChannel('b');
    const strange = ['labels', null, 7, {}, [], { version: 2, change: 'labels' }, { version: 1, change: 'everything' }, { version: 1 }];
    for (const message of [...strange, { version: 1, change: 'library' }]) channel.postMessage(message);
    await expect.poll(() => heard).toEqual(['library']);
    channel.close();
    expect(strange.map(readChange)).toEqual(strange.map(() => undefined));
  });

  it('stand alone where there is no channel', () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const tabs = tab('c');
    expect(() => tabs.say('labels')).not.toThrow();
  });
});
