"""Makes drift.json: golden values of the drift tests in src/stats from NumPy and SciPy. Run: python3 make_drift.py > drift.json"""
import json
import sys

import numpy as np
import scipy
from scipy import special, stats

rng = np.random.default_rng(20260105)
# The sample that several libraries were compared on: N(0,1) x 500 and N(.1,1.1) x 400, RandomState(0).
legacy = np.random.RandomState(0)
a = legacy.normal(0, 1, 500)
b = legacy.normal(0.1, 1.1, 400)
tied_a = rng.integers(0, 6, 120).astype(float)
tied_b = rng.integers(0, 7, 90).astype(float)
pairs = [
    ([1, 2, 3, 4], [2, 3, 4, 5]),
    ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]),
    ([7] * 100 + [3], [1] * 10),
    (np.round(a[:60], 4).tolist(), np.round(b[:45], 4).tolist()),
    (a.tolist(), b.tolist()),
    (tied_a.tolist(), tied_b.tolist()),
    (rng.lognormal(0, 1, 40).round(5).tolist(), rng.lognormal(0.8, 1, 35).round(5).tolist()),
]


def pair(x, y):
    ks = stats.ks_2samp(x, y, method="exact")
    mw = stats.mannwhitneyu(x, y, method="asymptotic")
    return {
        "a": x,
        "b": y,
        "ks": {"statistic": float(ks.statistic), "pValue": float(ks.pvalue)},
        "mannWhitney": {"statistic": float(mw.statistic), "pValue": float(mw.pvalue)},
    }


tables = [
    [[207, 20, 25, 14], [180, 33, 21, 9]],
    [[30, 10], [20, 25]],
    [[500, 300, 120, 50, 30], [480, 350, 90, 60, 20]],
    [[1000, 5000, 200], [100, 900, 10]],
    [[60000, 40000], [59000, 41000]],
]


def table(rows):
    found = stats.chi2_contingency(rows)
    return {"rows": rows, "statistic": float(found.statistic), "pValue": float(found.pvalue), "df": int(found.dof)}


p = np.array([0.1, 0.2, 0.3, 0.4])
q = np.full(4, 0.25)
p_values = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275, 0.34, 0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986]

json.dump(
    {
        "origin": f"NumPy {np.__version__}, SciPy {scipy.__version__}",
        "pairs": [pair(x, y) for x, y in pairs],
        "kolmogorov": [{"t": t, "p": float(stats.kstwobign.sf(t))} for t in (0.3, 0.5, 1.0, 1.17, 1.19, 1.3581, 2.0, 3.0, 6.0)],
        "chiSquareSurvival": [{"x": x, "df": df, "p": float(stats.chi2.sf(x, df))} for x, df in ((0.1, 1), (3.84, 1), (10.0, 4), (50.0, 9), (200.0, 3), (900.0, 40))],
        "normalSurvival": [{"z": z, "p": float(stats.norm.sf(z))} for z in (-3.0, 0.0, 0.5, 1.96, 5.0, 8.0, 20.0)],
        "lnGamma": [{"x": x, "y": float(special.gammaln(x))} for x in (0.1, 0.5, 1.5, 4.0, 33.3, 1e5)],
        "tables": [table(rows) for rows in tables],
        "stability": {"reference": p.tolist(), "current": q.tolist(), "effect": float(np.sum((p - q) * np.log(p / q)))},
        "adjusted": {"pValues": p_values, "expected": stats.false_discovery_control(p_values).tolist()},
    },
    sys.stdout,
    indent=1,
)
