"""SAELens 6's forward pass from a folder's cfg.json and sae_weights.safetensors, with numpy alone.

Written from the documentation of SAELens, not from our TypeScript, so that an export is read by a second mind.

    forward.py FOLDER X F XHAT: X, F and XHAT are files of little-endian float32, rows one after another.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32", entry["dtype"]
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + begin : 8 + length + end], dtype="<f4")
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


def keep_largest(p, k):
    """The k largest of each row, then ReLU."""
    order = np.argsort(-p, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, np.take_along_axis(p, order, axis=1), axis=1)
    return np.maximum(kept, 0)


def forward(cfg, t, x):
    d_in, d_sae = cfg["d_in"], cfg["d_sae"]
    assert t["W_enc"].shape == (d_in, d_sae) and t["W_dec"].shape == (d_sae, d_in)
    assert t["b_enc"].shape == (d_sae,) and t["b_dec"].shape == (d_in,)
    assert cfg["dtype"] == "float32" and cfg["device"] == "cpu"
    assert cfg["normalize_activations"] == "none" and cfg["reshape_activations"] in ("none", "hook_z")
    # Without a version from 6 on SAELens takes the file for an older one and loses its hook.
    assert int(cfg["metadata"]["sae_lens_version"].split(".")[0]) >= 6
    assert cfg["metadata"]["hook_name"]
    centred = x - t["b_dec"] if cfg["apply_b_dec_to_input"] else x
    p = centred @ t["W_enc"] + t["b_enc"]
    if cfg["architecture"] == "standard":
        f = np.maximum(p, 0)
    elif cfg["architecture"] == "topk":
        assert cfg["rescale_acts_by_decoder_norm"] is False
        f = keep_largest(p, cfg["k"])
    else:
        raise ValueError(cfg["architecture"])
    return f, f @ t["W_dec"] + t["b_dec"]


def main(folder, x_file, f_file, xhat_file):
    cfg = json.loads((Path(folder) / "cfg.json").read_text())
    tensors = read_safetensors(Path(folder) / "sae_weights.safetensors")
    x = np.fromfile(x_file, dtype="<f4").reshape(-1, cfg["d_in"]).astype(np.float64)
    f, xhat = forward(cfg, tensors, x)
    f.astype("<f4").tofile(f_file)
    xhat.astype("<f4").tofile(xhat_file)


main(*sys.argv[1:])
