import type { HookInfo } from '../../api/model.ts';
import { hookGroups, hookInGroup, hookParts, siteWords, type HookParts } from '../../state/shared/hooks.ts';
import { Field } from '../shared/fields.tsx';

interface HookPickerProps {
  hooks: readonly HookInfo[];
  value: string;
  onChange: (hook: string) => void;
}

/** Two menus, layer and site; together one TransformerLens name. */
export function HookPicker({ hooks, value, onChange }: HookPickerProps) {
  const { group } = hookParts(value);
  const groups = hookGroups(hooks);
  const sites = hooks.filter((h) => hookParts(h.name).group === group);
  const chooseGroup = (text: string) => {
    const next = hookInGroup(hooks, groups[Number(text)], value);
    if (next !== undefined) onChange(next);
  };
  return (
    <>
      <Field label="Layer">
        <select value={groups.indexOf(group)} onChange={(e) => chooseGroup(e.target.value)}>
          {groups.map((g, i) => (
            <option key={g} value={i}>
              {groupLabel(g)}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Site">
        <select data-wide value={value} onChange={(e) => onChange(e.target.value)}>
          {sites.map((h) => (
            <option key={h.name} value={h.name}>
              {siteLabel(h.name)}
            </option>
          ))}
        </select>
      </Field>
    </>
  );
}

function groupLabel(group: HookParts['group']): string {
  if (group === 'start') return 'Embedding';
  return group === 'end' ? 'After the blocks' : `Block ${group}`;
}

function siteLabel(name: string): string {
  const words = siteWords(name);
  return words === '' ? hookParts(name).site : `${hookParts(name).site} — ${words}`;
}
