"""PCA and FastICA of scikit-learn on rows from a file, with its defaults, for test/unit/baselines/scikit.test.ts.

    scikit.py X D: X is a file of little-endian float32, rows of D numbers. Writes JSON.
"""
import json
import sys

import numpy as np
from sklearn.decomposition import PCA, FastICA

x = np.fromfile(sys.argv[1], dtype="<f4").reshape(-1, int(sys.argv[2])).astype(np.float64)
pca = PCA().fit(x)
ica = FastICA(whiten="unit-variance", random_state=0, max_iter=200).fit(x)
out = {
    "variances": pca.explained_variance_.tolist(),
    "directions": pca.components_.tolist(),
    "unmixing": ica.components_.tolist(),
    "scores": ica.transform(x)[:200].tolist(),
}
print(json.dumps(out))
