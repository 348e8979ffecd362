import { describe, expect, it } from 'vitest';
import { isOtherModel } from '../../../src/core/lm/modelNames.ts';
import { findDoubts } from '../../../src/state/library/claims.ts';

const measured = { l0: 40, fvu: 0.3, ce_recovered: 0.95 };

describe('claims of a file beside what was measured', () => {
  it('agree within what another text may change', () => {
    expect(findDoubts({ l0: 35, fvu: 0.25, ce_recovered: 0.97 }, measured)).toEqual([]);
    expect(findDoubts(null, measured)).toEqual([]);
    expect(findDoubts({ l0: 'many', l1_alpha: 1 }, measured)).toEqual([]);
  });

  it.each([
    [{ l0: 100 }, 'Its file says that 100 features are active on a token; here 40 are.'],
    [{ 'trainer.target_l0': 10 }, 'Its file says that 10 features are active on a token; here 40 are.'],
    [{ fvu: 0.1 }, 'Its file says FVU 0.1; measured here it is 0.3.'],
    [{ ce_recovered: 0.5 }, 'Its file says 50 % of the loss is recovered; measured here it is 95 %.'],
  ])('%j disagrees', (record, sentence) => {
    expect(findDoubts(record, measured)).toEqual([sentence]);
  });

  it('a reconstruction no better than the mean is doubted without any claim', () => {
    expect(findDoubts(null, { ...measured, fvu: 1.2 })[0]).toContain('probably not the model, hook or scale');
  });
});

describe('the model it was made for', () => {
  it.each([
    ['EleutherAI/pythia-70m-deduped', 'Xenova/pythia-70m-deduped', false],
    ['pythia-70m', 'Xenova/pythia-70m-deduped', true],
    ['', 'bookworm-9m', false],
    ['bookworm-9m', 'bookworm-9m', false],
  ])('%s, with %s open', (stated, open, other) => {
    expect(isOtherModel(stated, open)).toBe(other);
  });
});
