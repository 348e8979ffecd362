import { deviceAddress, deviceChoice, type DeviceChoice } from './deviceChoice.ts';
import { useApp } from '../shared/StoreContext.tsx';

const MENU_ID = 'device-menu';

const CHOICES: { value: DeviceChoice; label: string; hint: string }[] = [
  { value: 'auto', label: 'Automatic', hint: 'the GPU if there is a real one, else the CPU' },
  { value: 'webgpu', label: 'WebGPU', hint: 'even a software one, which is slow' },
  { value: 'wasm', label: 'CPU', hint: 'WebAssembly' },
];

export function DeviceMenu({ isolated }: { isolated: boolean }) {
  const device = useApp((s) => s.device);
  const failed = useApp((s) => s.boot.status === 'failed');
  const name = device ? (device.kind === 'webgpu' ? 'WebGPU' : 'CPU') : failed ? 'no device' : 'starting';
  const threads = device?.kind === 'wasm' ? ` × ${device.threads}` : '';
  return (
    <>
      <button
        type="button"
        className="button-quiet button-menu"
        popoverTarget={MENU_ID}
        aria-label={`Device: ${device?.description ?? name}`}
      >
        <span className={`lamp lamp-${device ? device.kind : 'none'}`} aria-hidden="true" />
        {name}
        <span className="wide-only">{threads}</span>
      </button>
      <div id={MENU_ID} popover="auto" className="menu" role="dialog" aria-label="Device">
        <h2>{device?.description ?? 'No device yet'}</h2>
        {device && <p>{device.reason}</p>}
        <p>
          {isolated
            ? 'Threads are available: the page is cross-origin isolated.'
            : 'Threads are not available: the page is not cross-origin isolated, so the CPU works with one. The server must send the COOP and COEP headers.'}
        </p>
        <DeviceChooser />
      </div>
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
