import { Sheet } from '../shared/Sheet.tsx';

const KEYS: [string, string][] = [
  ['?', 'this list'],
  ['← → Home End', 'move along the tokens, a chart, a heat map or the map of the model'],
  ['Page Up, Page Down', 'in the tokens: a stretch back or on'],
  ['↑ ↓', 'token on the line above or below; row of a table'],
  ['Shift with those', 'in the tokens: choose several; Ctrl or ⌘ A chooses all, Esc none'],
  ['Enter', 'append the prediction in focus (at the last position); pin the feature in focus'],
  ['l', 'in the feature list: write a label for the feature in focus; Enter saves, Esc cancels'],
  ['o', 'in the feature list: open the page of the feature in focus'],
  ['j, k', 'on the page of a feature: the next one, the one before'],
  ['/', 'search the features'],
  [
    'Ctrl or ⌘ Z',
    'undo the last change (pin, dictionary, ranking, colours, span, sample, edit); with Shift, redo. In the text box: typing',
  ],
  ['Ctrl or ⌘ C', 'in the tokens: copy the text as you typed it'],
  ['Esc', 'close the topmost menu'],
];

interface KeysDialogProps {
  onClose: () => void;
  onTour: () => void;
}

export function KeysDialog({ onClose, onTour }: KeysDialogProps) {
  return (
    <Sheet title="Keys" className="keys" onClose={onClose}>
      <dl>
        {KEYS.map(([key, effect]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{effect}</dd>
          </div>
        ))}
      </dl>
      <div>
        <button type="button" onClick={onTour}>
          Show me around
        </button>
      </div>
    </Sheet>
  );
}
