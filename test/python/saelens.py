"""As forward.py, by SAELens itself: saelens.py FOLDER X F XHAT."""

import sys

import numpy as np
import torch
from sae_lens import SAE


def main(folder, x_file, f_file, xhat_file):
    sae = SAE.load_from_disk(folder)
    x = torch.from_numpy(np.fromfile(x_file, dtype="<f4").reshape(-1, sae.cfg.d_in))
    with torch.no_grad():
        f = sae.encode(x)
        f = f.to_dense() if f.is_sparse else f
        xhat = sae.decode(f)
    f.numpy().astype("<f4").tofile(f_file)
    xhat.numpy().astype("<f4").tofile(xhat_file)


main(*sys.argv[1:])
