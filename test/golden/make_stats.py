"""Makes stats.json: golden values of src/stats from NumPy and SciPy. Run: python3 make_stats.py > stats.json"""
import json
import sys

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20260105)
lognormal = np.round(rng.lognormal(1.0, 0.8, 41), 6)
tied = np.array([10.0] * 30 + [11.0, 12.0, 500.0])
probabilities = [0.0, 0.01, 0.25, 0.5, 0.9, 0.975, 1.0]
excess = [0.0, 0.1, 1.0, 7.5, 250.0]

json.dump(
    {
        "origin": f"NumPy {np.__version__}, SciPy {scipy.__version__}",
        "quantiles": [
            {"values": values.tolist(), "probabilities": probabilities, "expected": np.quantile(values, probabilities).tolist()}
            for values in (lognormal, tied, np.array([3.0]))
        ],
        "robustScale": {
            "values": lognormal.tolist(),
            "centre": float(np.median(lognormal)),
            "scale": float(stats.median_abs_deviation(lognormal, scale="normal")),
        },
        "generalisedPareto": [
            {"excess": e, "scale": scale, "shape": shape, "surprise": float(-stats.genpareto.logsf(e, shape, scale=scale))}
            for shape in (0.0, 0.15, 0.5)
            for scale in (0.3, 4.0)
            for e in excess
        ],
        "asinh": [{"x": x, "unit": u, "y": float(np.arcsinh(x / u))} for u in (0.05, 1.0, 300.0) for x in (-1e6, -2.0, 0.0, 0.001, 40.0)],
        "normalUpperQuantile": [{"p": p, "z": float(stats.norm.isf(p))} for p in (0.4, 0.3, 0.2, 0.1, 0.06)],
    },
    sys.stdout,
    indent=1,
)
