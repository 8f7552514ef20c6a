"""Makes changes.json: golden values of change points and forecasts from river, statsmodels, pymannkendall and NumPy.

Run: pip install river==0.26.1 statsmodels==0.15.0 pymannkendall==1.4.3; python3 make_changes.py > changes.json
"""
import json
import sys

import numpy as np
import pymannkendall
import river
import statsmodels
from river import drift
from statsmodels.tsa.holtwinters import Holt

rng = np.random.default_rng(20261128)
noise = rng.normal(0, 1, 1200)
streams = {
    "up": np.concatenate([noise[:500], noise[500:] + 1.5]),
    "down": np.concatenate([noise[:700], noise[700:] - 1.0]),
    "back": np.concatenate([noise[:300], noise[300:600] + 2.0, noise[600:]]),
    "ramp": noise + np.clip((np.arange(1200) - 400) / 200, 0, None),
    "calm": noise,
}
streams = {name: np.round(values, 4) for name, values in streams.items()}


def detections(make, values):
    detector = make()
    found = []
    for i, value in enumerate(values):
        detector.update(float(value))
        if detector.drift_detected:
            found.append(i)
    return found


def adwin(values, delta):
    detector = drift.ADWIN(delta=delta)
    found, widths = [], []
    for i, value in enumerate(values):
        detector.update(float(value))
        if detector.drift_detected:
            found.append(i)
        if i % 100 == 99:
            widths.append([i, detector.width, detector.estimation])
    return {"delta": delta, "detections": found, "widths": widths}


def cusum(values, k, h):
    """E. S. Page (1954) in the tabular form of Montgomery, 9.1: both sums begin anew after a detection."""
    up = down = 0.0
    found = []
    for i, value in enumerate(values):
        up = max(0.0, up + value - k)
        down = max(0.0, down - value - k)
        if max(up, down) > h:
            found.append(i)
            up = down = 0.0
    return found


def holt(values, alpha, beta):
    model = Holt(values, initialization_method="known", initial_level=values[0], initial_trend=0.0)
    fit = model.fit(smoothing_level=alpha, smoothing_trend=beta, optimized=False)
    return {"alpha": alpha, "beta": beta, "values": values.tolist(), "forecast": fit.forecast(5).tolist()}


tied = np.array([1, 1, 2, 2, 2, 3, 5, 5, 4, 6, 7, 7], dtype=float)
json.dump(
    {
        "origin": f"river {river.__version__}, statsmodels {statsmodels.__version__}, pymannkendall 1.4.3, NumPy {np.__version__}",
        "streams": {name: values.tolist() for name, values in streams.items()},
        "pageHinkley": [
            {"stream": name, "threshold": threshold, "delta": 0.005, "alpha": 0.9999, "minimum": 30,
             "detections": detections(lambda: drift.PageHinkley(min_instances=30, delta=0.005, threshold=threshold, alpha=0.9999, mode="both"), values)}
            for name, values in streams.items() for threshold in (20.0, 50.0)
        ],
        "adwin": [{"stream": name, **adwin(values, delta)} for name, values in streams.items() for delta in (0.002, 0.05)],
        "cusum": [{"stream": name, "k": 0.5, "h": h, "detections": cusum(values, 0.5, h)} for name, values in streams.items() for h in (5.0, 8.0)],
        "holt": [holt(streams["ramp"][400:440], 0.4, 0.2), holt(streams["calm"][:30], 0.8, 0.5)],
        "mannKendall": [{"values": v.tolist(), "z": float(pymannkendall.original_test(v).z)} for v in (tied, tied[::-1], streams["ramp"][400:464], streams["calm"][:20])],
        "pinball": [
            {"value": y, "quantile": q, "tau": tau, "loss": float(max(tau * (y - q), (tau - 1) * (y - q)))}
            for y in (-1.5, 0.0, 12.0) for q in (-3.0, 10.0) for tau in (0.1, 0.5, 0.9)
        ],
    },
    sys.stdout,
)
