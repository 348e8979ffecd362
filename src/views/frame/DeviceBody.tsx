import { useSyncExternalStore } from 'react';
import type { Isolation } from '../../api/storage.ts';
import { useOffline, type OfflineApi } from '../shared/Offline.tsx';
import { useApp } from '../shared/StoreContext.tsx';
import { deviceAddress, deviceChoice, type DeviceChoice } from './deviceChoice.ts';
import { isolationWords } from './isolationWords.ts';

const CHOICES: { value: DeviceChoice; label: string; hint: string }[] = [
  { value: 'auto', label: 'Automatic', hint: 'the GPU if there is a real one, else the CPU' },
  { value: 'webgpu', label: 'WebGPU', hint: 'even a software one, which is slow' },
  { value: 'wasm', label: 'CPU', hint: 'WebAssembly' },
];

export interface DeviceProps {
  isolation: Isolation;
  offline: OfflineApi;
}

/** What the device menu holds; fetched when it is first opened. */
export function DeviceBody({ isolation, offline }: DeviceProps) {
  const device = useApp((s) => s.device);
  return (
    <>
      <h2>{device?.description ?? 'No device yet'}</h2>
      {device && <p>{device.reason}</p>}
      <Threads isolation={isolation} offline={offline} />
      <DeviceChooser />
    </>
  );
}

/** Whether there are threads, and what can be done about it. */
function Threads({ isolation, offline }: DeviceProps) {
  const { state, switchable } = useSyncExternalStore(isolation.subscribe, isolation.status, isolation.status);
  const words = isolationWords(state, useOffline(offline));
  return (
    <>
      <p>{words}</p>
      {state === 'ready' && (
        <button type="button" className="button-small" onClick={isolation.reload}>
          Reload with threads
        </button>
      )}
      {switchable && (
        <label className="check">
          <input type="checkbox" checked={state !== 'off'} onChange={(event) => void isolation.set(event.target.checked)} />
          The service worker isolates the page <span className="hint">a change reloads it</span>
        </label>
      )}
    </>
  );
}

/** Reloads at another address of the page, with the state kept beside the old one: a long text is there. */
function changeDevice(href: string): void {
  history.replaceState(history.state, '', href);
  location.reload();
}

function DeviceChooser() {
  // Read anew at each opening; on a server (tests) there is no address.
  const href = typeof location === 'undefined' ? 'http://localhost/' : location.href;
  const chosen = deviceChoice(href);
  return (
    <fieldset className="device-choice">
      <legend>Run the model on</legend>
      {CHOICES.map((c) => (
        <label key={c.value}>
          <input
            type="radio"
            name="device"
            checked={c.value === chosen}
            onChange={() => changeDevice(deviceAddress(location.href, c.value))}
          />
          {c.label} <span className="hint">{c.hint}</span>
        </label>
      ))}
      <p className="hint">A change reloads the page. Text, pins and ranking stay; edits and kept vectors go.</p>
    </fieldset>
  );
}
