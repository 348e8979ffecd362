"""Makes test/fixtures/baselines/numpy.json: PCA by numpy of rows that test/helpers/directions.ts makes the same way."""
import json
import sys

import numpy as np

ROWS, WIDTH, SEED = 20_000, 24, 20_261_128


def uniform(count):
    """Numbers of a linear congruential generator (Numerical Recipes), in [0, 1)."""
    state = SEED
    out = np.empty(count)
    for i in range(count):
        state = (1664525 * state + 1013904223) & 0xFFFFFFFF
        out[i] = state / 2**32
    return out


def rows():
    """[ROWS, WIDTH]: sums of three uniform numbers, of falling size, mixed and moved."""
    drawn = uniform(ROWS * WIDTH * 3).reshape(ROWS, WIDTH, 3).sum(axis=2) - 1.5
    i, j = np.arange(WIDTH)[:, None], np.arange(WIDTH)[None, :]
    mixing = (np.cos(0.37 * i * j + 0.1 * i) + 2 * (i == j)) * 0.85**i
    return (drawn @ mixing + 5 + j).astype(np.float32)


x = rows().astype(np.float64)
covariance = np.cov(x.T, bias=True)
values, vectors = np.linalg.eigh(covariance)
order = np.argsort(-values)
golden = {
    "rows": ROWS,
    "width": WIDTH,
    "seed": SEED,
    "first": x[0].tolist(),
    "mean": x.mean(axis=0).tolist(),
    "eigenvalues": values[order].tolist(),
    "directions": vectors.T[order].tolist(),
}
json.dump(golden, open(sys.argv[1], "w"))
