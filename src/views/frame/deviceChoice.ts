/** Which device the address asks for. */
export type DeviceChoice = 'auto' | 'webgpu' | 'wasm';

export function deviceChoice(href: string): DeviceChoice {
  const value = new URL(href).searchParams.get('device');
  return value === 'webgpu' || value === 'wasm' ? value : 'auto';
}

export function deviceAddress(href: string, choice: DeviceChoice): string {
  const url = new URL(href);
  if (choice === 'auto') url.searchParams.delete('device');
  else url.searchParams.set('device', choice);
  return url.href;
}
