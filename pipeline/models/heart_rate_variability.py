"""M28 RMSSD from RR intervals, M29 where the week's ln RMSSD stands in the athlete's usual range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.robust import PHYSIOLOGICAL_BOUNDS, RESOLUTION, baseline
from pipeline.models.series import (
    DEGRADED,
    INSUFFICIENT,
    STALE,
    UNDEFINED,
    Bools,
    Floats,
    Ints,
    Words,
    choose,
    count,
    mean,
    owners,
    ratio,
    sd,
    stale,
    windows,
)

RR_LOWEST_MS = 300.0
RR_HIGHEST_MS = 2000.0
REJECTIONS_MAX = 3
# a beat may differ from the last accepted one by a fifth; kept as "five times the difference", which is exact
_PARTS = 5.0

DURATION_MIN_MS = 60_000.0
NN_MIN = 50

RECENT_DAYS = 7
BASELINE_DAYS = 60
RECENT_MIN = 3
BASELINE_MIN = 21
SWC_SD = 0.5


@dataclass(frozen=True)
class TimeDomain:
    """Figures of intervals per series: ``rmssd_ms``, ``sdnn_ms`` (n - 1), ``pnn50_percent``; NaN where not defined."""

    rmssd_ms: Floats
    sdnn_ms: Floats
    pnn50_percent: Floats
    n_pairs: Ints


@dataclass(frozen=True)
class Measurements:
    """M28 per series.

    ``rmssd_ms`` and ``sdnn_ms`` over accepted beats, NaN where the quality gives no value; ``raw_rmssd_ms`` over all
    beats as they came; ``n_beats`` beats that came, ``n_accepted`` of them accepted, ``rejected_share`` from 0 to 1
    (NaN without beats); ``status`` OK, DEGRADED or INSUFFICIENT.
    """

    rmssd_ms: Floats
    raw_rmssd_ms: Floats
    sdnn_ms: Floats
    n_beats: Ints
    n_accepted: Ints
    rejected_share: Floats
    status: Words


@dataclass(frozen=True)
class NormalRange:
    """M29 per window; logarithms of milliseconds unless the name says otherwise, NaN where the data is too thin.

    ``state`` is BELOW, WITHIN or ABOVE the band ``lower`` to ``upper``, empty where none can be told. It says nothing
    of good or bad: an overreached athlete may be above (Le Meur 2013).
    """

    m7: Floats
    cv7_percent: Floats
    mean: Floats
    sd: Floats
    swc: Floats
    lower: Floats
    upper: Floats
    z: Floats
    state: Words
    n_recent: Ints
    n_baseline: Ints
    status: Words


def accepted_beats(
    rr_ms: npt.ArrayLike,
    offsets: npt.ArrayLike,
    lowest_ms: float = RR_LOWEST_MS,
    highest_ms: float = RR_HIGHEST_MS,
) -> Bools:
    """M28 steps 1 and 2: which beats of many series are accepted, as one flat row of booleans.

    A beat is rejected outside ``lowest_ms`` to ``highest_ms`` (NaN too) or if it differs by more than a fifth from the
    *last accepted* beat of its series. The first beat in bounds is accepted; so is the first one after three
    rejections in a row, which starts a new run. Raises ValueError for offsets that do not fit. After Malik.

    The rule is sequential, but four beats in a row that are in bounds and near their neighbours always end with an
    accepted one, whatever came before: either one of the first three is accepted or three rejections reset the
    filter. So only the stretches from a disturbance to such a beat are walked, all of them in step.
    """
    beats = np.asarray(rr_ms, dtype=np.float64)
    owner, _ = owners(offsets, beats.size)
    if beats.size == 0:
        return np.zeros(0, dtype=np.bool_)
    inside = (beats >= lowest_ms) & (beats <= highest_ms)
    first = np.ones(beats.size, dtype=np.bool_)
    first[1:] = owner[1:] != owner[:-1]
    near = np.zeros(beats.size, dtype=np.bool_)
    with np.errstate(invalid="ignore"):  # differences of beats that are no numbers
        near[1:] = _PARTS * np.abs(np.diff(beats)) <= beats[:-1]
    near &= inside & ~first
    near[1:] &= inside[:-1]

    place = np.arange(beats.size)
    run_start = np.maximum.accumulate(np.where(near, 0, place))
    settled = ((first & inside)[run_start]) | (place - run_start >= REJECTIONS_MAX)
    accepted = settled.copy()
    opens = ~settled & (first | np.concatenate(([True], settled[:-1])))
    starts = np.flatnonzero(opens)
    if starts.size:
        # a stretch ends before the next settled beat, the next stretch (of another series), or the end
        ends = np.flatnonzero(np.concatenate((settled[1:] | opens[1:], [True])) & ~settled) + 1
        _walk(beats, inside, accepted, np.where(first[starts], np.nan, beats[starts - 1]), starts, ends - starts)
    return accepted


def _walk(beats: Floats, inside: Bools, accepted: Bools, reference: Floats, starts: Ints, lengths: Ints) -> None:
    """Apply the filter from each start on, one beat of every stretch at a time; writes into ``accepted``."""
    order = np.argsort(-lengths, kind="stable")
    starts, lengths, reference = starts[order], lengths[order], reference[order]
    rejections = np.zeros(starts.size, dtype=np.int64)
    alive_at = np.searchsorted(-lengths, -np.arange(int(lengths[0])), side="left")
    for step, alive in enumerate(alive_at.tolist()):
        at = starts[:alive] + step
        beat, last = beats[at], reference[:alive]
        fresh = np.isnan(last) | (rejections[:alive] >= REJECTIONS_MAX)
        with np.errstate(invalid="ignore"):
            take = inside[at] & (fresh | (_PARTS * np.abs(beat - last) <= last))
        accepted[at] = take
        reference[:alive] = np.where(take, beat, last)
        rejections[:alive] = np.where(take, 0, rejections[:alive] + 1)


def time_domain(rr_ms: npt.ArrayLike, offsets: npt.ArrayLike, accepted: npt.ArrayLike | None = None) -> TimeDomain:
    """M28 step 3: figures over the accepted beats of many series, over all beats without ``accepted``.

    Differences are taken between neighbours that are both accepted, never across a removed beat; nothing is
    interpolated. pNN50 is the share of differences above 50 ms. Raises ValueError for shapes that do not fit.
    """
    beats = np.asarray(rr_ms, dtype=np.float64)
    owner, n = owners(offsets, beats.size)
    kept = np.ones(beats.size, dtype=np.bool_) if accepted is None else np.asarray(accepted, dtype=np.bool_)
    if kept.shape != beats.shape:
        raise ValueError(f"there are {beats.size} beats and {kept.size} marks of acceptance; each beat needs one")
    with np.errstate(invalid="ignore"):
        pair = kept[1:] & kept[:-1] & (owner[1:] == owner[:-1])
        difference, pair_owner = np.diff(beats)[pair], owner[1:][pair]
        n_pairs = np.bincount(pair_owner, minlength=n).astype(np.int64)
        rmssd = np.sqrt(ratio(np.bincount(pair_owner, difference**2, minlength=n), n_pairs))
        pnn50 = 100.0 * ratio(np.bincount(pair_owner, np.abs(difference) > 50.0, minlength=n), n_pairs)

        beats, owner = beats[kept], owner[kept]
        n_kept = np.bincount(owner, minlength=n)
        centre = ratio(np.bincount(owner, beats, minlength=n), n_kept)
        squares = np.bincount(owner, (beats - centre[owner]) ** 2, minlength=n)
        sdnn = np.sqrt(ratio(squares, np.maximum(n_kept - 1, 0)))
    return TimeDomain(rmssd, sdnn, pnn50, n_pairs)


def measure(rr_ms: npt.ArrayLike, offsets: npt.ArrayLike) -> Measurements:
    """M28 whole: RMSSD and SDNN in ms of many series of RR intervals in ms, with their quality.

    Up to 5 % rejected beats OK, up to 10 % DEGRADED, more gives no value; neither do less than 60 s or 50 intervals of
    accepted beats. One bad series never touches another. Raises ValueError for offsets that do not fit.
    """
    beats = np.asarray(rr_ms, dtype=np.float64)
    owner, n = owners(offsets, beats.size)
    accepted = accepted_beats(beats, offsets)
    filtered, raw = time_domain(beats, offsets, accepted), time_domain(beats, offsets)
    n_beats = np.bincount(owner, minlength=n).astype(np.int64)
    n_accepted = np.bincount(owner[accepted], minlength=n).astype(np.int64)
    n_rejected = n_beats - n_accepted
    lasting_ms = np.bincount(owner[accepted], beats[accepted], minlength=n)
    thin = (lasting_ms < DURATION_MIN_MS) | (n_accepted < NN_MIN) | (n_rejected * 10 > n_beats)
    return Measurements(
        rmssd_ms=np.where(thin, np.nan, filtered.rmssd_ms),
        raw_rmssd_ms=raw.rmssd_ms,
        sdnn_ms=np.where(thin, np.nan, filtered.sdnn_ms),
        n_beats=n_beats,
        n_accepted=n_accepted,
        rejected_share=ratio(n_rejected, n_beats),
        status=choose((thin, INSUFFICIENT), (n_rejected * 20 > n_beats, DEGRADED)),
    )


def normal_range(
    recent_ms: npt.ArrayLike,
    baseline_ms: npt.ArrayLike,
    band_sd: float = SWC_SD,
    bounds_ms: tuple[float, float] = PHYSIOLOGICAL_BOUNDS["rmssd_ms"],
) -> NormalRange:
    """M29: mean and variation of the last 7 days' ln RMSSD against mean ± ``band_sd`` SD of days 8-67.

    ``recent_ms`` has shape ``(n, 7)``, ``baseline_ms`` ``(n, 60)``, both one signal of one device in ms; readings
    outside ``bounds_ms`` count as absent, outliers (M26) leave the baseline. Needs 3 recent and 21 baseline days; a
    baseline in which nothing moved gives UNDEFINED. Raises ValueError for other shapes. Plews 2014, Buchheit 2014.
    """
    recent = _logarithm(windows(recent_ms, RECENT_DAYS), bounds_ms)
    earlier = _logarithm(windows(baseline_ms, BASELINE_DAYS), bounds_ms)
    usual = baseline(earlier, RESOLUTION["ln_rmssd"])
    kept = np.where(usual.outlier, np.nan, earlier)
    n_recent = count(recent)
    few_recent, few_baseline = n_recent < RECENT_MIN, usual.n_obs < BASELINE_MIN

    m7 = np.where(few_recent, np.nan, mean(recent))
    centre = np.where(few_baseline, np.nan, mean(kept))
    deviation = np.where(few_baseline, np.nan, sd(kept, ddof=1))
    lower, upper = centre - band_sd * deviation, centre + band_sd * deviation
    z = ratio(m7 - centre, deviation)
    known = ~np.isnan(z)
    return NormalRange(
        m7=m7,
        cv7_percent=100.0 * ratio(sd(recent, ddof=1), m7),
        mean=centre,
        sd=deviation,
        swc=band_sd * deviation,
        lower=lower,
        upper=upper,
        z=z,
        state=choose((~known, ""), (m7 < lower, "BELOW"), (m7 > upper, "ABOVE"), otherwise="WITHIN"),
        n_recent=n_recent,
        n_baseline=usual.n_obs,
        status=choose((few_recent | few_baseline, INSUFFICIENT), (~known, UNDEFINED), (stale(recent), STALE)),
    )


def _logarithm(values_ms: Floats, bounds_ms: tuple[float, float]) -> Floats:
    low, high = bounds_ms
    inside = (values_ms >= low) & (values_ms <= high)
    return np.log(values_ms, out=np.full(values_ms.shape, np.nan), where=inside)
