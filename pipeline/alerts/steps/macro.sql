-- one row of evidence: what was measured, against which threshold, over which days, from how many observations
create or replace temp macro evidence_row(metric, value, threshold, comparator, window_start, window_end, n_obs) as
    {
        'metric': metric, 'value': value::double, 'threshold': threshold::double, 'comparator': comparator,
        'window_start': window_start, 'window_end': window_end, 'n_obs': n_obs::integer, 'baseline': null::double
    }
