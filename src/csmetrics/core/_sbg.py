"""The shifted beta-geometric model of contracts: each customer leaves with a chance of its own, the same each period.

The chances follow a beta distribution (alpha, beta). Those with a large one leave early, so retention rises with age
although nobody changes. Fader and Hardie 2007.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from csmetrics.core._types import Array

_FURTHEST: Final = 30.0  # of the logarithms of alpha and beta
_STRIDE: Final = 2.0  # the longest step of a logarithm
_ROUNDS: Final = 100
_DONE: Final = 1e-13  # what one more step could add to the log-likelihood, in proportion
_BLOCK: Final = 65_536
_TERMS: Final = 1 << 24
_NEGLIGIBLE: Final = 1e-13


class Fit(NamedTuple):
    """Parameters, the log-likelihood there, whether it is its top, and how many steps it took."""

    alpha: Array
    beta: Array
    log_likelihood: Array
    converged: Any
    steps: int


def log_likelihood(exposed: Array, lost: Array, alpha: Array, beta: Array) -> Array:
    """Return it for one row of counts each: how many were due at each age, and how many of them left."""
    age = np.arange(exposed.shape[-1])
    a, b = alpha[..., None], beta[..., None]
    terms = lost * np.log(a) + (exposed - lost) * np.log(b + age) - exposed * np.log(a + b + age)
    return np.asarray(terms.sum(axis=-1), dtype=np.float64)


def climb(exposed: Array, lost: Array, alpha: Array, beta: Array, *, free: tuple[bool, bool] = (True, True)) -> Fit:
    """Find the parameters with the highest likelihood, for each row: damped Newton on their logarithms.

    Parameters
    ----------
    exposed, lost
        Customers due at each age, and those of them who left: one row for each fit.
    alpha, beta
        Where to start, one each.
    free
        Which of them may move.
    """
    age, kept = np.arange(exposed.shape[-1]), exposed - lost
    place = np.clip(np.log(np.stack([alpha, beta], axis=-1)), -_FURTHEST, _FURTHEST)
    moves = np.array(free)
    best = log_likelihood(exposed, lost, alpha, beta)
    done = np.zeros(best.shape, bool)
    rounds = 0
    while rounds < _ROUNDS and not done.all():
        rounds += 1
        a, b = np.exp(place[..., :1]), np.exp(place[..., 1:])
        both = a + b + age
        falls, bends = np.sum(exposed / both, axis=-1), np.sum(exposed / both**2, axis=-1)
        a, b = a[..., 0], b[..., 0]
        rise_a = a * (np.sum(lost, axis=-1) / a - falls)
        rise_b = b * (np.sum(kept / (b[..., None] + age), axis=-1) - falls)
        bend_aa = np.sum(lost, axis=-1) - a * a * bends - rise_a
        bend_bb = b * b * (np.sum(kept / (b[..., None] + age) ** 2, axis=-1) - bends) - rise_b
        bend_ab = -a * b * bends if moves.all() else np.zeros(a.shape)
        rise = np.stack([rise_a, rise_b], axis=-1) * moves
        least = (bend_aa + bend_bb) / 2 - np.hypot((bend_aa - bend_bb) / 2, bend_ab)
        floor = 1e-6 * (1 + np.abs(bend_aa) + np.abs(bend_bb))
        damp = np.maximum(floor - least, 0)  # where the likelihood does not bend down, the step is short
        m_aa, m_bb = bend_aa + damp, bend_bb + damp
        whole = m_aa * m_bb - bend_ab**2
        step = np.stack(
            [m_bb * rise[..., 0] - bend_ab * rise[..., 1], m_aa * rise[..., 1] - bend_ab * rise[..., 0]], -1
        )
        step = step / whole[..., None] * moves
        gain = np.sum(rise * step, axis=-1)
        step *= np.minimum(1, _STRIDE / np.maximum(np.abs(step).max(axis=-1, keepdims=True), 1e-300))
        near = (gain <= _DONE * (1 + np.abs(best))) & (damp == 0)
        done |= near
        share = np.where(done, 0.0, 1.0)
        for _ in range(40):
            tried = np.clip(place + share[..., None] * step, -_FURTHEST, _FURTHEST)
            found = log_likelihood(exposed, lost, np.exp(tried[..., 0]), np.exp(tried[..., 1]))
            worse = (found < best) & (share > 0)
            if not worse.any():
                break
            share = np.where(worse, np.where(share > 1e-9, share / 2, 0.0), share)
        moved = (np.abs(tried - place) > 0).any(axis=-1)
        done |= ~moved
        place, best = tried, np.maximum(best, found)
    inside = (np.abs(place) < _FURTHEST).all(axis=-1)
    return Fit(np.exp(place[..., 0]), np.exp(place[..., 1]), best, done & inside, rounds)


def start(exposed: Array, lost: Array) -> tuple[Array, Array]:
    """Return where to start: alpha is 1, the first period's churn as it was."""
    due, gone = exposed[..., 0], np.maximum(lost[..., 0], 0.5)
    return np.ones(due.shape), np.maximum(due - gone, 0.5) / gone


def constant(exposed: Array, lost: Array) -> tuple[Array, Array]:
    """Return the log-likelihood of one chance for all, and how it would rise if chances differed a little."""
    age = np.arange(exposed.shape[-1])
    gone, kept = lost.sum(axis=-1), (exposed - lost).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = gone / (gone + kept)
        best = gone * np.log(chance) + kept * np.log1p(-chance)
        rise = np.sum(age * ((exposed - lost) * (chance / (1 - chance))[..., None] - lost), axis=-1)
    return best, rise


def profile_limit(exposed: Array, lost: Array, fit: Fit, which: int, lowest: float, up: bool) -> float:
    """Return how far a parameter may go until even the best other one has a likelihood below `lowest`."""
    free = (which == 1, which == 0)
    here = [fit.alpha, fit.beta]

    def height(log: float) -> float:
        at = [*here]
        at[which] = np.exp(np.array([log]))
        found = climb(exposed, lost, at[0], at[1], free=free)
        here[1 - which] = (found.alpha, found.beta)[1 - which]
        return float(found.log_likelihood[0])

    near = float(np.log((fit.alpha, fit.beta)[which][0]))
    far, stride = near, 0.25 if up else -0.25
    while height(far) > lowest:
        near, far, stride = far, far + stride, stride * 1.5
        if abs(far) > _FURTHEST / 2:
            return float("inf") if up else 0.0
    for _ in range(50):
        middle = (near + far) / 2
        near, far = (middle, far) if height(middle) > lowest else (near, middle)
    return float(np.exp(far))


def retention(alpha: Any, beta: Any, age: Any) -> Array:
    """Return the percent of those due at each age (0 is the first renewal) who stay."""
    return np.asarray(100 * (beta + age) / (alpha + beta + age), dtype=np.float64)


def surviving(alpha: Any, beta: Any, periods: int) -> Array:
    """Return the percent of customers who remain after 0, 1, ... periods."""
    alpha, beta = np.asarray(alpha)[..., None], np.asarray(beta)[..., None]
    shares = np.cumprod(retention(alpha, beta, np.arange(periods)) / 100, axis=-1)
    return 100 * np.concatenate([np.ones((*shares.shape[:-1], 1)), shares], axis=-1)


def mean_lifetime(alpha: float, beta: float) -> float:
    """Return the expected periods until a customer leaves, for alpha above 1."""
    return (alpha + beta - 1) / (alpha - 1)


def discounted_periods(alpha: float, beta: float, discount_rate: float, renewed: int = 0) -> float | None:
    """Return the expected periods to come, each discounted; None where too many count to be added up.

    The first is now and certain; `renewed` many came before it.
    """
    keep = 100 / (100 + discount_rate)
    total, term, at = 0.0, 1.0, renewed
    while at < renewed + _TERMS:
        terms = term * np.cumprod(retention(alpha, beta, np.arange(at, at + _BLOCK)) / 100 * keep)
        total += term + float(terms[:-1].sum())
        term, at = float(terms[-1]), at + _BLOCK
        if term <= _NEGLIGIBLE * total * (1 - keep):  # the rest is at most term / (1 - keep)
            return total + term
    return None


def share(percent: Any) -> Any:
    """Return a percentage as a fraction."""
    return percent / 100


def middle(drawn: Array, confidence: float) -> Any:
    """Return the limits that hold the middle so many percent of what was drawn."""
    return np.percentile(drawn, [50 - confidence / 2, 50 + confidence / 2], axis=0)
