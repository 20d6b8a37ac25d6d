"""M33 per athlete and day from the day's recovery signals and strength trends; no rule reads it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.models.columns import doubles, insert, integers, real_numbers
from pipeline.models.readiness import readiness, sleep_z
from pipeline.models.series import DEGRADED, OK
from pipeline.models.wellness import STRAIGHT_LINE_REPORTS
from pipeline.store.connection import Connection

_INPUT = """
with trend as (
    select d.athlete_no, d.local_day, d.mean_pct28 as pct28
    from mart.trend_day d
    join touched_signal_window t
        on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day <= t.to_day
),
signal as (
    select d.*
    from mart.recovery_day d
    join touched_signal_window t
        on d.athlete_no = t.athlete_no and d.local_day >= t.from_day and d.local_day <= t.to_day
)
select coalesce(r.athlete_no, e.athlete_no) as athlete_no, coalesce(r.local_day, e.local_day) as local_day,
    if(r.wellness_age_days <= 7 and r.wellness_n_7d >= 3, r.subjective_z, null) as subjective_z,
    if(r.sleep_age_days <= 3 and r.sleep_n_28d >= 14, r.sleep_3d_min, null) as sleep_3d_min,
    r.sleep_median_28d_min, r.sleep_spread_28d_min,
    if(r.sleep_age_days <= 3 and r.sleep_n_14d >= 10, r.sleep_debt_h, null) as sleep_debt_h,
    e.pct28,
    if(
        r.hrv_age_days <= 3 and r.hrv_n_7d >= 3 and r.hrv_n_60d >= 21,
        (r.ln_hrv_7d - r.ln_hrv_mean_60d) / nullif(r.ln_hrv_sd_60d, 0), null
    ) as hrv_z,
    if(
        r.resting_hr_age_days <= 3 and r.resting_hr_n_7d >= 3 and r.resting_hr_n_28d >= 14, -r.resting_hr_z, null
    ) as resting_hr_z,
    r.wellness_same_answers::double as same_answers
from signal r
full join trend e on r.athlete_no = e.athlete_no and r.local_day = e.local_day
"""
_POINTS = ("subjective", "sleep", "performance", "hrv", "resting_hr")


def run_readiness(connection: Connection) -> None:
    """Rows of ``mart.readiness_day`` for ``touched_signal_window``; expects trends and recovery days to be current."""
    connection.execute(
        "delete from mart.readiness_day d using touched_signal_window t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day and d.local_day <= t.to_day"
    )
    rows = connection.table(_INPUT)
    if not rows.num_rows:
        return
    insert(connection, "readiness_day", days(rows))


def days(rows: pa.Table) -> pa.Table:
    """The readiness of each row, with what each component adds to 50 or takes from it."""
    of = {name: real_numbers(rows[name]) for name in rows.column_names[2:]}
    sleep = sleep_z(of["sleep_3d_min"], of["sleep_median_28d_min"], of["sleep_spread_28d_min"], of["sleep_debt_h"])
    z = np.stack([of["subjective_z"], sleep, of["pct28"] / 5, of["hrv_z"], of["resting_hr_z"]], axis=1)
    found = readiness(z)
    table = rows.select(["athlete_no", "local_day"])
    columns = {"readiness": found.readiness, "coverage": found.coverage}
    columns |= {f"{name}_points": found.contribution[:, index] for index, name in enumerate(_POINTS)}
    for name, values in columns.items():
        table = table.append_column(name, doubles(values))
    table = table.append_column("components", integers(found.n_components))
    alike = ~np.isnan(of["subjective_z"]) & (of["same_answers"] >= STRAIGHT_LINE_REPORTS)
    status = np.where(alike & (found.status == OK), DEGRADED, found.status)
    return table.append_column("status", pa.array(status.tolist(), pa.string()))
