/** What outlasts the page in this browser, and what tells the other tabs. */
import { createLabelStore, type LabelStore } from '../cache/labelStore.ts';
import { createSettings, type SettingsStore } from '../cache/settings.ts';
import { createTabs, type Tabs } from '../cache/tabs.ts';

export interface Kept {
  labels: LabelStore;
  settings: SettingsStore;
  tabs: Tabs;
  /** Absent in old browsers and on plain http. */
  manager?: StorageManager | undefined;
}

export function createKept(): Kept {
  return {
    labels: createLabelStore(),
    settings: createSettings(),
    tabs: createTabs(),
    manager: globalThis.navigator?.storage,
  };
}
