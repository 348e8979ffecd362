import { useSyncExternalStore } from 'react';
import type { IsolationStatus } from '../../api/storage.ts';
import type { Isolation } from '../../state/shared/startup.ts';
import { useApp } from '../shared/StoreContext.tsx';
import { deviceAddress, deviceChoice, type DeviceChoice } from './deviceChoice.ts';

const CHOICES: { value: DeviceChoice; label: string; hint: string }[] = [
  { value: 'auto', label: 'Automatic', hint: 'the GPU if there is a real one, else the CPU' },
  { value: 'webgpu', label: 'WebGPU', hint: 'even a software one, which is slow' },
  { value: 'wasm', label: 'CPU', hint: 'WebAssembly' },
];

/** What the device menu holds; fetched when it is first opened. */
export function DeviceBody({ isolation }: { isolation: Isolation }) {
  const device = useApp((s) => s.device);
  return (
    <>
      <h2>{device?.description ?? 'No device yet'}</h2>
      {device && <p>{device.reason}</p>}
      <Threads isolation={isolation} />
      <DeviceChooser />
    </>
  );
}

const THREADS: Record<IsolationStatus['state'], string> = {
  isolated: 'Threads are available: the page is cross-origin isolated.',
  ready: 'The CPU works with one thread until this page is loaded again: the server does not isolate it, so its service worker does.',
  waiting:
    'The CPU works with one thread: the server does not send the headers that isolate a page. Once the page is saved for offline use, its service worker adds them, and the next load has threads.',
  off: 'The CPU works with one thread: the server does not isolate the page, and its service worker was told not to.',
  refused: 'The CPU works with one thread: the page was sent with the headers that isolate it, and this browser does not isolate it.',
  unsupported:
    'The CPU works with one thread: the server does not send the COOP and COEP headers, and this window has no service worker to add them.',
};

/** Whether there are threads, and what can be done about it. */
function Threads({ isolation }: { isolation: Isolation }) {
  const { state, switchable } = useSyncExternalStore(isolation.subscribe, isolation.status, isolation.status);
  return (
    <>
      <p>{THREADS[state]}</p>
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
