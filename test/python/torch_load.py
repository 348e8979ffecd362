"""Loads a file as a stranger would and says what is in it: torch_load.py FILE."""

import json
import sys

import torch

for mmap in (False, True):
    state = torch.load(sys.argv[1], weights_only=True, mmap=mmap)
    print(
        json.dumps(
            {
                "type": type(state).__name__,
                "tensors": {
                    name: {
                        "dtype": str(t.dtype).removeprefix("torch."),
                        "shape": list(t.shape),
                        "bytes": t.contiguous().reshape(-1).view(torch.uint8).tolist(),
                    }
                    for name, t in state.items()
                },
            }
        )
    )
