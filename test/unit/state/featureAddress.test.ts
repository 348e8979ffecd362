import { describe, expect, it } from 'vitest';
import { featureHash, parseFeature } from '../../../src/state/shared/featureAddress.ts';

describe('the address of a feature', () => {
  it.each(['r4', 'bookworm-9m/blocks.3.hook_resid_post/r4', 'a b/100 %/é/#x?y&z', 'ends/', '%41', '/'])('comes back: %s', (dictionary) => {
    const hash = featureHash({ dictionary, latent: 12 });
    expect(parseFeature(hash)).toEqual({ dictionary, latent: 12 });
    // What a browser makes of it is the same.
    expect(new URL(hash, 'http://x/').hash).toBe(hash);
  });

  it('without a feature', () => {
    expect(featureHash(null)).toBe('#/feature');
    expect(parseFeature('#/feature')).toBeNull();
    expect(parseFeature('#/feature/')).toBeNull();
  });

  it.each(['', '#', '#v1.abc', '#/features/a/1', '#/feature2', '#x/feature/a/1'])('is no other: %s', (hash) => {
    expect(parseFeature(hash)).toBeUndefined();
  });

  it.each([
    ['#/feature/r4', '', NaN],
    ['#/feature/r4/', 'r4', NaN],
    ['#/feature/r4/-1', 'r4', NaN],
    ['#/feature/r4/1e3', 'r4', NaN],
    ['#/feature/r4/1.5', 'r4', NaN],
    ['#/feature/r4/99999999999', 'r4', NaN],
    ['#/feature/%E0%A4%A/7', '%E0%A4%A', 7],
    ['#/feature/<img src=x>/7', '<img src=x>', 7],
    ['#/feature//7', '', 7],
  ])('hostile: %s', (hash, dictionary, latent) => {
    expect(parseFeature(hash)).toEqual({ dictionary, latent });
  });

  it('half a surrogate pair breaks nothing', () => {
    expect(featureHash({ dictionary: '\ud800', latent: 1 })).toBe('#/feature/%EF%BF%BD/1');
  });
});
